import { expect, it } from "vitest";

import { shares } from "./share";

it("gives each member its part of the weights", () => {
  expect(shares([1, 3, 0])).toEqual([0.25, 0.75, 0]);
  expect(shares([0, 0])).toEqual([0, 0]);
  expect(shares([])).toEqual([]);
});
