import { describe, expect, it } from "vitest";

import { asQuery, range } from "./keyFilter";

describe("which keys are shown", () => {
  it("asks the server only for what is set", () => {
    expect(asQuery({ status: "all", q: "  ", range: undefined })).toEqual({});
    expect(asQuery({ status: "cooling", q: " team ", range: { from: 4, to: 9 } })).toEqual({
      status: "cooling",
      q: "team",
      id_from: 4,
      id_to: 9,
    });
  });

  it("has ranges in the address, and takes no nonsense from there", () => {
    const { read, write } = range();
    expect(read("12-80")).toEqual({ from: 12, to: 80 });
    expect(write({ from: 12, to: 80 })).toBe("12-80");
    expect(["80-12", "12", "-3-4", "1e3-9", ""].map(read)).toEqual([undefined, undefined, undefined, undefined, undefined]);
    expect(write(undefined)).toBe("");
  });
});
