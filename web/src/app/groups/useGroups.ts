import { useQuery } from "@tanstack/vue-query";
import { computed } from "vue";

import { client, unwrap } from "@/api/client";
import { keys } from "@/api/queries";
import type { Group } from "@/api/types";

/** All groups, in their order; events keep them fresh. */
export function useGroups() {
  const query = useQuery({
    queryKey: keys.groups,
    queryFn: ({ signal }) => unwrap(client.GET("/api/groups", { signal })),
  });
  return {
    groups: computed<Group[]>(() => query.data.value ?? []),
    isLoading: query.isPending,
    error: query.error,
    reload: () => query.refetch(),
  };
}
