import { keepPreviousData, useQuery } from "@tanstack/vue-query";
import { computed, type Ref } from "vue";

import { client, unwrap } from "@/api/client";
import { keys } from "@/api/queries";

export const RANGES = ["24h", "7d", "30d"] as const;
export type Range = (typeof RANGES)[number];

/** Days are cut where the reader's days begin. */
const time_zone = Intl.DateTimeFormat().resolvedOptions().timeZone;

export function useStats() {
  return useQuery({
    queryKey: [...keys.dashboard, "stats"],
    queryFn: ({ signal }) => unwrap(client.GET("/api/dashboard/stats", { signal })),
  });
}

/** Requests over time, of one group or (0) of all. */
export function useChart(groupId: Ref<number>, range: Ref<Range>) {
  return useQuery({
    queryKey: computed(() => [...keys.dashboard, "chart", groupId.value, range.value]),
    queryFn: ({ signal }) => {
      const query = { groupId: groupId.value || undefined, range: range.value, time_zone };
      return unwrap(client.GET("/api/dashboard/chart", { params: { query }, signal }));
    },
    placeholderData: keepPreviousData,
  });
}

/** Each group's requests, failures and their course; read again every so many milliseconds, if that is given, and when events say so. */
export function useGroupTraffic(range: Ref<Range>, refetchInterval?: number) {
  return useQuery({
    queryKey: computed(() => [...keys.dashboard, "groups", range.value]),
    queryFn: ({ signal }) => unwrap(client.GET("/api/dashboard/groups", { params: { query: { range: range.value, time_zone } }, signal })),
    placeholderData: keepPreviousData,
    ...(refetchInterval ? { refetchInterval } : {}),
  });
}
