import type { Group } from "@/api/types";

/** A group of the list; an aggregate has its members under it. */
export interface Branch {
  group: Group;
  members: Group[];
}

/**
 * The list as it is shown: members stand under each aggregate that has them, and not beside it. Everywhere the order of `groups`
 * holds.
 */
export function branches(groups: readonly Group[], membersOf: ReadonlyMap<number, readonly number[]>): Branch[] {
  const placed = new Set([...membersOf.values()].flat());
  return groups
    .filter(({ id }) => !placed.has(id))
    .map((group) => {
      const members = new Set(membersOf.get(group.id));
      return { group, members: groups.filter(({ id }) => members.has(id)) };
    });
}

/** Those whose names or channel have all the words in them; an aggregate stays for its members' sake. */
export function matching(tree: readonly Branch[], search: string): Branch[] {
  const words = search.toLowerCase().split(/\s+/).filter(Boolean);
  const fits = ({ name, display_name, channel_type }: Group) => {
    const text = `${name} ${display_name} ${channel_type}`.toLowerCase();
    return words.every((word) => text.includes(word));
  };
  return tree.flatMap((branch) => {
    if (fits(branch.group)) return [branch];
    const members = branch.members.filter(fits);
    return members.length > 0 ? [{ ...branch, members }] : [];
  });
}

/** The order after `id` has been put before or behind `target`. */
export function moved(ids: readonly number[], id: number, target: number, side: "before" | "behind"): number[] {
  if (id === target) return [...ids];
  const others = ids.filter((other) => other !== id);
  const at = others.indexOf(target);
  if (at < 0) return [...ids];
  others.splice(side === "before" ? at : at + 1, 0, id);
  return others;
}
