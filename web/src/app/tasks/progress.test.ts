import { describe, expect, it } from "vitest";

import type { TaskStatus } from "@/api/types";

import { outcomeOf, progressOf } from "./progress";

const task = (fields: Partial<TaskStatus>): TaskStatus => ({
  task_type: "KEY_IMPORT",
  is_running: true,
  processed: 0,
  total: 0,
  started_at: "2026-01-01T00:00:00Z",
  ...fields,
});

describe("progress", () => {
  it("tells rate and rest from what is done so far", () => {
    expect(progressOf(task({ processed: 250, total: 1000, duration_seconds: 5 }))).toEqual({ share: 0.25, rate: 50, leftMs: 15_000 });
  });

  it("knows no rate before anything is done", () => {
    expect(progressOf(task({ total: 10, duration_seconds: 2 }))).toEqual({ share: 0, rate: undefined, leftMs: undefined });
  });

  it("tells what came of each kind of task", () => {
    expect(outcomeOf(task({ result: { added_count: 3, ignored_count: 2 } }))).toEqual({
      kind: "imported",
      counts: { added_count: 3, ignored_count: 2 },
      ignored: 2,
    });
    expect(outcomeOf(task({ task_type: "KEY_VALIDATION", result: { total_keys: 4, valid_keys: 3, invalid_keys: 1 } })).kind).toBe("validated");
    expect(outcomeOf(task({ error: "the disk is full", result: null }))).toEqual({ kind: "failed", counts: {}, ignored: 0 });
  });
});
