import { useQuery } from "@tanstack/vue-query";
import { computed, type MaybeRefOrGetter, toValue } from "vue";
import { useI18n } from "vue-i18n";

import { client, unwrap } from "@/api/client";
import { keys } from "@/api/queries";
import type { Group } from "@/api/types";
import { splitKeys } from "@/lib/proxyKeys";

/** The proxy keys that open a group: its own first, then the global ones. */
export function useProxyKeys(group: MaybeRefOrGetter<Group>) {
  const { locale } = useI18n();
  const settings = useQuery({
    queryKey: computed(() => [...keys.settings, locale.value]),
    queryFn: ({ signal }) => unwrap(client.GET("/api/settings", { signal })),
  });
  const global = computed(() => {
    const all = (settings.data.value ?? []).flatMap((category) => category.settings);
    return splitKeys(String(all.find(({ key }) => key === "proxy_keys")?.value ?? ""));
  });
  const own = computed(() => splitKeys(toValue(group).proxy_keys));
  return {
    choices: computed(() => [
      ...own.value.map((key) => ({ key, isOwn: true })),
      ...global.value.filter((key) => !own.value.includes(key)).map((key) => ({ key, isOwn: false })),
    ]),
    isLoading: settings.isPending,
    error: settings.error,
  };
}
