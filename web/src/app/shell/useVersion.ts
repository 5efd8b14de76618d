import { useQuery } from "@tanstack/vue-query";
import { computed } from "vue";

import { client } from "@/api/client";

/** The version of the server that serves this page. */
export function useVersion() {
  const { data } = useQuery({
    queryKey: ["version"],
    queryFn: async ({ signal }) => {
      const { data } = await client.GET("/api/openapi.json", { signal });
      return (data as { info?: { version?: string } } | undefined)?.info?.version ?? "";
    },
    staleTime: Number.POSITIVE_INFINITY,
  });
  return computed(() => (data.value ? `v${data.value}` : ""));
}
