// @vitest-environment happy-dom
import { expect, it } from "vitest";

import { nameOf } from "./download";

it("takes a file's name with or without quotes", () => {
  expect(nameOf("attachment; filename=keys-main-all.txt")).toBe("keys-main-all.txt");
  expect(nameOf('attachment; filename="keys main.txt"; size=3')).toBe("keys main.txt");
  expect(nameOf(null)).toBe("export.txt");
});
