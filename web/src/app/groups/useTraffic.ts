import { computed, ref } from "vue";

import { useGroupTraffic } from "@/app/dashboard/useDashboard";

/** Events tell of requests, but not that an hour has passed without any. */
const EVERY_MS = 60_000;

/** The requests of the last 24 hours, by group. */
export function useTraffic() {
  const { data } = useGroupTraffic(ref("24h"), EVERY_MS);
  return computed(() => new Map(data.value?.groups.map((group) => [group.group_id, group])));
}
