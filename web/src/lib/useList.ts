import { keepPreviousData, useQuery } from "@tanstack/vue-query";
import { computed, type MaybeRefOrGetter, type Ref, toValue, watch } from "vue";

import type { Pagination } from "@/api/types";

/** A page of a list as the API gives it. */
export interface Page<Item> {
  items: Item[];
  pagination: Pagination;
}

/**
 * A list that comes in pages. `key` names it in the cache with all that it depends on (filters, sort); when that changes, the first
 * page is shown again. While another page comes, the last one stays.
 */
export function useList<Item>(list: {
  key: MaybeRefOrGetter<readonly unknown[]>;
  page: Ref<number>;
  pageSize: MaybeRefOrGetter<number>;
  load: (page: { page: number; page_size: number }, signal: AbortSignal) => Promise<Page<Item>>;
  enabled?: MaybeRefOrGetter<boolean>;
}) {
  const query = useQuery({
    queryKey: computed(() => [...toValue(list.key), list.page.value, toValue(list.pageSize)]),
    queryFn: ({ signal }) => list.load({ page: list.page.value, page_size: toValue(list.pageSize) }, signal),
    placeholderData: keepPreviousData,
    enabled: computed(() => toValue(list.enabled) ?? true),
  });
  watch(() => JSON.stringify(toValue(list.key)), () => (list.page.value = 1));

  const pagination = computed(() => query.data.value?.pagination);
  return {
    items: computed<Item[]>(() => query.data.value?.items ?? []),
    total: computed(() => pagination.value?.total_items ?? 0),
    isEstimate: computed(() => pagination.value?.total_is_estimate ?? false),
    isLoading: query.isPending,
    isFetching: query.isFetching,
    error: computed(() => (query.data.value ? undefined : (query.error.value ?? undefined))),
    reload: () => query.refetch(),
  };
}
