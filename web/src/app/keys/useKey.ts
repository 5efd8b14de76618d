import { useQuery } from "@tanstack/vue-query";

import { client, unwrap } from "@/api/client";
import { keys } from "@/api/queries";
import type { Key } from "@/api/types";

/** One key of a group; null if it is no longer there. Without an id nothing is read. */
export function useKey(group: () => number, id: () => number | undefined) {
  return useQuery({
    queryKey: () => [...keys.keysOf(group()), "one", id()],
    queryFn: async ({ signal }): Promise<Key | null> => {
      const query = { group_id: group(), id_from: id(), id_to: id() };
      return (await unwrap(client.GET("/api/keys", { params: { query }, signal }))).items[0] ?? null;
    },
    enabled: () => id() !== undefined,
  });
}
