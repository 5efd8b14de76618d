import type { Group } from "@/api/types";

const STORED = "gpt-load.group";

/** The group that was looked at last in this browser. */
export const lastGroup = {
  /** Among these; else the first of them. */
  among: (groups: readonly Group[]) => groups.find(({ id }) => id === Number(localStorage.getItem(STORED))) ?? groups[0],
  remember: (id: number) => localStorage.setItem(STORED, String(id)),
};
