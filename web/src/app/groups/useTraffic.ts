import { useQuery } from "@tanstack/vue-query";
import { computed } from "vue";

import { client, unwrap } from "@/api/client";
import { keys } from "@/api/queries";

/** No event tells of requests, and the hours go on by themselves. */
const EVERY_MS = 60_000;

/** The requests of the last 24 hours, by group. */
export function useTraffic() {
  const { data } = useQuery({
    queryKey: [...keys.dashboard, "groups", "24h"],
    queryFn: ({ signal }) => unwrap(client.GET("/api/dashboard/groups", { params: { query: { range: "24h" } }, signal })),
    refetchInterval: EVERY_MS,
  });
  return computed(() => new Map(data.value?.groups.map((group) => [group.group_id, group])));
}
