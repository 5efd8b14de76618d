import { useQuery } from "@tanstack/vue-query";
import { onUnmounted, type Ref, watch } from "vue";

import { client, unwrap } from "@/api/client";
import { keys } from "@/api/queries";
import { throttled } from "@/lib/throttle";

import type { Totals } from "../totals";

/** Reasons are looked up among all keys that are out: not with every one that goes out. */
const EVERY_MS = 5000;
/** No event tells of requests. */
const REQUESTS_EVERY_MS = 60_000;

/** A group's requests, and why keys of it are out; read again when the numbers in `totals` change. */
export function useStats(id: () => number, totals: Readonly<Ref<Totals | undefined>>) {
  const query = useQuery({
    queryKey: () => [...keys.stats(id())],
    queryFn: ({ signal }) => unwrap(client.GET("/api/groups/{id}/stats", { params: { path: { id: id() } }, signal })),
    refetchInterval: REQUESTS_EVERY_MS,
  });
  const again = throttled(() => void query.refetch(), EVERY_MS);
  watch(
    () => [id(), totals.value?.invalid, totals.value?.total] as const,
    ([group, invalid, total], [groupBefore, invalidBefore, totalBefore]) => {
      const isNews = invalid !== invalidBefore || total !== totalBefore;
      if (group === groupBefore && totalBefore !== undefined && isNews) again.call();
    },
  );
  onUnmounted(again.cancel);
  return query.data;
}
