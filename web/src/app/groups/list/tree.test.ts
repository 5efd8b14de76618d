import { describe, expect, it } from "vitest";

import type { Group } from "@/api/types";

import { branches, matching, moved } from "./tree";

const group = (id: number, name: string, channel_type = "openai") => ({ id, name, display_name: "", channel_type }) as Group;
const groups = [group(1, "free"), group(2, "all"), group(3, "paid"), group(4, "gemini", "gemini"), group(5, "rest")];
const names = (tree: ReturnType<typeof branches>) => tree.map(({ group, members }) => [group.name, ...members.map(({ name }) => name)]);

describe("the list of groups", () => {
  it("has members under each of their aggregates, in the order of all", () => {
    const tree = branches(groups, new Map([[2, [3, 1]], [5, [3]]]));
    expect(names(tree)).toEqual([["all", "free", "paid"], ["gemini"], ["rest", "paid"]]);
  });

  it("keeps an aggregate whose member is looked for, with that member", () => {
    const tree = branches(groups, new Map([[2, [1, 3]]]));
    expect(names(matching(tree, "PAID"))).toEqual([["all", "paid"]]);
    expect(names(matching(tree, "all"))).toEqual([["all", "free", "paid"]]);
    expect(names(matching(tree, "gem ini"))).toEqual([["gemini"]]);
    expect(names(matching(tree, "paid gemini"))).toEqual([]);
    expect(matching(tree, "  ")).toEqual(tree);
  });

  it("moves before and behind another", () => {
    expect(moved([1, 2, 3, 4], 4, 2, "before")).toEqual([1, 4, 2, 3]);
    expect(moved([1, 2, 3, 4], 1, 3, "behind")).toEqual([2, 3, 1, 4]);
    expect(moved([1, 2], 1, 1, "before")).toEqual([1, 2]);
    expect(moved([1, 2], 1, 9, "before")).toEqual([1, 2]);
  });
});
