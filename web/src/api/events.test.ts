// @vitest-environment happy-dom
import { beforeEach, describe, expect, it } from "vitest";

import { take } from "./events";
import { keys, queryClient } from "./queries";
import { reachability } from "./reachability";
import type { KeyStates, TaskStatus } from "./types";

const states = (active: number): KeyStates => ({
  group_id: 7,
  total: 3,
  active,
  usable: active,
  cooling: 0,
  cooling_for_some_models: 0,
  invalid: 3 - active,
  disabled: 0,
  next_wake_at: null,
});
const task = (is_running: boolean): TaskStatus => ({ task_type: "KEY_IMPORT", is_running, processed: 1, total: 2, started_at: "2026-01-01T00:00:00Z" });
const isStale = (key: readonly unknown[]) => queryClient.getQueryState(key)?.isInvalidated;

describe("events", () => {
  beforeEach(() => {
    queryClient.clear();
    for (const key of [keys.groups, keys.keysOf(7), keys.settings, keys.logs]) queryClient.setQueryData(key, []);
  });

  it("say at first how the keys of a group stand, then that they have changed", () => {
    take({ event: "keys", data: states(3) });
    expect(queryClient.getQueryData(keys.keyStates(7))).toEqual(states(3));
    expect(isStale(keys.keysOf(7))).toBe(false);
    take({ event: "keys", data: states(2) });
    expect(queryClient.getQueryData(keys.keyStates(7))).toEqual(states(2));
    expect(isStale(keys.keysOf(7))).toBe(true);
    expect(isStale(keys.groups)).toBe(false);
  });

  it("tell which guards are at work; when that changes, the warnings of groups are others", () => {
    take({ event: "guards", data: { group_id: 7, at_work: [] } });
    expect(isStale(keys.groups)).toBe(false);
    take({ event: "guards", data: { group_id: 7, at_work: ["one"] } });
    expect(isStale(keys.groups)).toBe(true);
  });

  it("tell of a task while it runs; when it ends, groups are others", () => {
    take({ event: "task", data: task(true) });
    expect(isStale(keys.groups)).toBe(false);
    take({ event: "task", data: task(false) });
    expect(queryClient.getQueryData(keys.task)).toEqual(task(false));
    expect([isStale(keys.groups), isStale(keys.keysOf(7))]).toEqual([true, true]);
  });

  it("tell what is away, and that it is back", () => {
    take({ event: "degraded", data: { away: ["database"] } });
    expect(reachability.lacking.value).toEqual(["database"]);
    take({ event: "degraded", data: { away: [] } });
    expect(reachability.lacking.value).toEqual([]);
  });

  it("make stale what they name, and everything when some were missed", () => {
    take({ event: "settings", data: {} });
    expect([isStale(keys.settings), isStale(keys.groups)]).toEqual([true, false]);
    take({ event: "missed", data: {} });
    expect([isStale(keys.groups), isStale(keys.logs)]).toEqual([true, true]);
  });
});
