import { expect, it } from "vitest";

import { countEntries } from "./keysText";

it("counts the keys of a text as the server splits it", () => {
  expect(countEntries("")).toBe(0);
  expect(countEntries(" sk-1,sk-2;;sk-3\n\n\tsk-4 ")).toBe(4);
  expect(countEntries('["sk-1", "sk-2"]')).toBe(2);
  expect(countEntries("[sk-1 sk-2")).toBe(2);
});
