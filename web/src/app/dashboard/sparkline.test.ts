import { expect, test } from "vitest";

import { pathOf } from "./sparkline";

test("the highest value touches the top, zero the bottom", () => {
  expect(pathOf([0, 5, 10], 10, 100, 22)).toBe("M0 21L50 11L100 1");
});

test("nothing is drawn where nothing happened", () => {
  expect(pathOf([0, 0], 10, 100, 22)).toBe("");
  expect(pathOf([], 10, 100, 22)).toBe("");
});

test("a single value stands at the beginning", () => {
  expect(pathOf([4], 4, 100, 22)).toBe("M0 1");
});
