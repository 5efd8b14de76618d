import { keepPreviousData, useQuery } from "@tanstack/vue-query";
import { computed, type Ref } from "vue";

import { client, unwrap } from "@/api/client";
import { keys } from "@/api/queries";

import type { Range } from "../keyFilter";
import { type Cell, merged } from "./cells";
import { bars, cellsFor, squares } from "./layout";

/** What the map draws: a part of the pool, in as many cells as the space has. The event stream says when it is old. */
export function useKeyMap(group: () => number, zoom: Readonly<Ref<Range | undefined>>, space: Readonly<Ref<{ width: number; height: number }>>) {
  const cellsAsked = computed(() => cellsFor(space.value));
  const query = useQuery({
    queryKey: () => [...keys.keysOf(group()), "map", cellsAsked.value, zoom.value],
    queryFn: ({ signal }) => {
      const query = { cells: cellsAsked.value, ...zoom.value };
      return unwrap(client.GET("/api/groups/{id}/key-map", { params: { path: { id: group() }, query }, signal }));
    },
    placeholderData: keepPreviousData,
    enabled: () => space.value.width > 0,
  });

  const given = computed<Cell[]>(() => (query.data.value?.cells ?? []) as unknown as Cell[]);
  const single = computed(() => (query.data.value?.keys_per_cell === 1 ? squares(space.value, given.value.length) : undefined));
  const layout = computed(() => single.value ?? bars(space.value));
  const cells = computed(() => (single.value ? given.value : merged(given.value, layout.value.columns * layout.value.rows)));
  return {
    cells,
    layout,
    isSingle: computed(() => single.value !== undefined),
    total: computed(() => query.data.value?.total ?? 0),
    error: query.error,
    isLoading: query.isPending,
    reload: () => query.refetch(),
  };
}
