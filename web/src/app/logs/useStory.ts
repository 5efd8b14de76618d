import { useQuery } from "@tanstack/vue-query";
import { computed, type Ref } from "vue";

import { client, unwrap } from "@/api/client";
import { keys } from "@/api/queries";
import type { LogEntry } from "@/api/types";

import { storyOf } from "./story";

/** More attempts than a request may make. */
const ALL = 1000;

/** The story of a request; of a row of 1.4.x, which knows nothing of its request, just that row. */
export function useStory(requestId: Ref<string>, row: Ref<LogEntry | undefined>) {
  const query = useQuery({
    queryKey: computed(() => [...keys.logs, "request", requestId.value]),
    queryFn: ({ signal }) =>
      unwrap(client.GET("/api/logs", { params: { query: { request_id: requestId.value, page_size: ALL } }, signal })),
    enabled: computed(() => requestId.value !== ""),
  });
  const rows = computed(() => (requestId.value === "" ? (row.value ? [row.value] : []) : (query.data.value?.items ?? [])));
  return {
    story: computed(() => storyOf(rows.value)),
    isLoading: computed(() => requestId.value !== "" && query.isPending.value),
    error: query.error,
    reload: () => query.refetch(),
  };
}
