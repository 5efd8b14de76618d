// @vitest-environment happy-dom
import { createPinia, setActivePinia } from "pinia";
import { beforeEach, expect, it, vi } from "vitest";

import { take } from "./events";
import { keys, queryClient } from "./queries";
import type { KeyStates } from "./types";

const states = (invalid: number) => ({ group_id: 7, total: 9, invalid }) as KeyStates;

beforeEach(() => {
  vi.restoreAllMocks();
  setActivePinia(createPinia());
  queryClient.clear();
});

it("takes the first word on a group's keys as how they stand, the next as a change", () => {
  const stale = vi.spyOn(queryClient, "invalidateQueries");
  take({ event: "keys", data: states(1) });
  expect(stale).not.toHaveBeenCalled();
  expect(queryClient.getQueryData(keys.keyStates(7))).toMatchObject({ invalid: 1 });
  take({ event: "keys", data: states(2) });
  expect(stale).toHaveBeenCalledExactlyOnceWith({ queryKey: keys.keysOf(7) }, { cancelRefetch: false });
});

it("reads groups again when guards begin or end: their warnings tell of it", () => {
  const stale = vi.spyOn(queryClient, "invalidateQueries");
  take({ event: "guards", data: { group_id: 7, at_work: [] } });
  expect(stale).not.toHaveBeenCalled();
  take({ event: "guards", data: { group_id: 7, at_work: ["one"] } });
  expect(stale).toHaveBeenCalledExactlyOnceWith({ queryKey: keys.groups }, { cancelRefetch: false });
});
