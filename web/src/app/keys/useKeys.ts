import { computed, type Ref } from "vue";

import { client, unwrap } from "@/api/client";
import { keys } from "@/api/queries";
import type { Key } from "@/api/types";
import { useList } from "@/lib/useList";
import type { Sort } from "@/ui/table";

import { asQuery, type KeyFilter, SORTS } from "./keyFilter";

export const PAGE_SIZE = 200;

/** A page of a group's keys; the event stream says when it is old. */
export function useKeys(group: () => number, filter: Readonly<Ref<KeyFilter>>, sort: Readonly<Ref<Sort | undefined>>, page: Ref<number>) {
  const order = computed(() => ({ sort: SORTS.find((one) => one === sort.value?.key) ?? "id", order: sort.value?.order ?? "asc" }));
  return useList<Key>({
    key: () => [...keys.keysOf(group()), "list", filter.value, order.value],
    page,
    pageSize: PAGE_SIZE,
    load: (wanted, signal) =>
      unwrap(
        client.GET("/api/keys", {
          params: { query: { group_id: group(), ...asQuery(filter.value), ...order.value, ...wanted } },
          signal,
        }),
      ),
  });
}
