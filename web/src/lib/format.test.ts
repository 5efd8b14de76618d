import { describe, expect, it } from "vitest";

import { countdown, duration, masked, parseTime, percent, relative } from "./format";

describe("format", () => {
  it("counts down in whole seconds, never below zero", () => {
    expect([-5, 0, 1, 41_000, 725_000, 11_220_000, 180_420_000].map(countdown)).toEqual([
      "0:00", "0:00", "0:01", "0:41", "12:05", "3:07:00", "2 d 2:07:00",
    ]);
  });

  it("writes durations with as many digits as they are worth", () => {
    expect([12, 999, 2410, 10_440, 73_400].map((ms) => duration(ms, "en-US"))).toEqual([
      "12 ms", "999 ms", "2.41 s", "10.4 s", "73 s",
    ]);
  });

  it("tells times from here", () => {
    expect(relative(0, 200_000, "en-US")).toBe("3 min. ago");
    expect(relative(7_300_000, 0, "en-US")).toBe("in 2 hr.");
    expect(relative(0, 5000, "en-US")).toBe("now");
  });

  it("takes the year 1 as never", () => {
    expect(parseTime("0001-01-01T00:00:00Z")).toBeUndefined();
    expect(parseTime(null)).toBeUndefined();
    expect(parseTime("2026-01-02T03:04:05Z")).toBe(Date.UTC(2026, 0, 2, 3, 4, 5));
  });

  it("shows of a secret its ends, of a short one nothing", () => {
    expect(masked("sk-1234567890abcdef")).toBe("sk-1****cdef");
    expect(masked("password")).toBe("****");
  });

  it("takes percentages as 0 to 100", () => {
    expect(percent(12.34, "en-US")).toBe("12.3%");
  });
});
