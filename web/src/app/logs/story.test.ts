import { expect, test } from "vitest";

import type { LogEntry } from "@/api/types";

import { storyOf, ticks } from "./story";

const row = (part: Partial<LogEntry>) =>
  ({ timestamp: "2026-01-01T00:00:10.000Z", begun_ms: null, first_byte_ms: null, attempt: null, duration_ms: 0, ...part }) as LogEntry;

test("attempts stand in their order on one axis that begins at the request's arrival", () => {
  const story = storyOf([
    row({ attempt: 2, begun_ms: 450, first_byte_ms: 700, duration_ms: 2000, timestamp: "2026-01-01T00:00:12.000Z" }),
    row({ attempt: 1, begun_ms: 10, first_byte_ms: 300, duration_ms: 320, timestamp: "2026-01-01T00:00:10.320Z" }),
  ]);
  expect(story?.attempts.map(({ begun, firstByte, end }) => [begun, firstByte, end])).toEqual([
    [10, 300, 320],
    [450, 700, 2000],
  ]);
  expect(story?.arrived).toBe(Date.parse("2026-01-01T00:00:10.000Z"));
});

test("rows that don't say when they began follow one another", () => {
  const story = storyOf([row({ duration_ms: 900 }), row({ duration_ms: 400 })]);
  expect(story?.attempts.map(({ begun, end }) => [begun, end])).toEqual([
    [0, 400],
    [400, 900],
  ]);
});

test("times that make no sense are brought into their attempt", () => {
  const story = storyOf([row({ begun_ms: 900, first_byte_ms: 50, duration_ms: 400 })]);
  expect(story?.attempts.map(({ begun, firstByte, end }) => [begun, firstByte, end])).toEqual([[400, 400, 400]]);
});

test("nothing is known of a request without rows", () => {
  expect(storyOf([])).toBeUndefined();
});

test("ticks are round and few", () => {
  expect(ticks(2410)).toEqual([0, 1000, 2000]);
  expect(ticks(90)).toEqual([0, 50]);
  expect(ticks(4)).toEqual([0, 1, 2, 3, 4]);
  expect(ticks(2)).toEqual([0, 1, 2]);
  expect(ticks(0)).toEqual([0]);
});
