import { useQueryClient } from "@tanstack/vue-query";

import { client } from "@/api/client";
import { keys } from "@/api/queries";
import type { Group } from "@/api/types";
import { toast } from "@/ui/toast";

/** Puts the groups into an order: at once on the page, then on the server; if it refuses, they go back. */
export function useReorder() {
  const cache = useQueryClient();

  return async function reorder(ids: readonly number[]) {
    await cache.cancelQueries({ queryKey: keys.groups, exact: true });
    const before = cache.getQueryData<Group[]>(keys.groups) ?? [];
    const byId = new Map(before.map((group) => [group.id, group]));
    cache.setQueryData(keys.groups, ids.flatMap((id) => byId.get(id) ?? []));
    try {
      await client.PUT("/api/groups/reorder", { body: { items: ids.map((id, at) => ({ id, sort: at + 1 })) } });
    } catch (error) {
      cache.setQueryData(keys.groups, before);
      toast.error(error);
    }
  };
}
