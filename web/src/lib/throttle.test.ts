import { afterEach, beforeEach, expect, it, vi } from "vitest";

import { throttled } from "./throttle";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

it("acts at once, then once for all that was asked for meanwhile", () => {
  const act = vi.fn();
  const { call } = throttled(act, 1000);
  for (let i = 0; i < 5; i++) call();
  expect(act).toHaveBeenCalledTimes(1);
  vi.advanceTimersByTime(1000);
  expect(act).toHaveBeenCalledTimes(2);
  vi.advanceTimersByTime(5000);
  expect(act).toHaveBeenCalledTimes(2);
  call();
  expect(act).toHaveBeenCalledTimes(3);
});

it("forgets what was asked for when it is cancelled", () => {
  const act = vi.fn();
  const { call, cancel } = throttled(act, 1000);
  call();
  call();
  cancel();
  vi.advanceTimersByTime(5000);
  expect(act).toHaveBeenCalledTimes(1);
});
