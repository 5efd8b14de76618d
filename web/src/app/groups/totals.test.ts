import { expect, it } from "vitest";

import type { KeyStates } from "@/api/types";

import { sum } from "./totals";

const states = (fields: Partial<KeyStates>): KeyStates => ({
  group_id: 1,
  total: 0,
  active: 0,
  usable: 0,
  cooling: 0,
  cooling_for_some_models: 0,
  invalid: 0,
  disabled: 0,
  next_wake_at: null,
  ...fields,
});

it("counts the keys of several groups together, and tells which wakes first", () => {
  const one = states({ total: 5, usable: 2, cooling: 1, invalid: 1, disabled: 1, next_wake_at: "2026-01-01T00:00:09Z" });
  const other = states({ total: 3, usable: 2, cooling: 1, next_wake_at: "2026-01-01T00:00:04Z" });
  expect(sum([one, other, states({})])).toEqual({
    total: 8,
    usable: 4,
    cooling: 2,
    invalid: 1,
    disabled: 1,
    nextWake: Date.UTC(2026, 0, 1, 0, 0, 4),
  });
  expect(sum([])).toMatchObject({ total: 0, nextWake: undefined });
});
