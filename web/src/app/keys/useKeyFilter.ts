import { computed } from "vue";

import { oneOf, positive, text, useUrlState } from "@/lib/urlState";
import type { Sort } from "@/ui/table";

import { type KeyFilter, range, SORTS, STATUSES } from "./keyFilter";

/** Which keys are shown and how, as it stands in the address. `zoom` is the part of the pool on the map, `cell` what is chosen on it. */
export function useKeyFilter() {
  const state = useUrlState({
    status: oneOf(STATUSES, "all"),
    q: text(),
    zoom: range(),
    cell: range(),
    sort: oneOf(SORTS, "id"),
    order: oneOf(["asc", "desc"] as const, "asc"),
    page: positive(),
    open: positive(0),
  });

  const sort = computed<Sort | undefined>({
    get: () => ({ key: state.sort.value, order: state.order.value }),
    set: (wanted) => {
      state.sort.value = SORTS.find((one) => one === wanted?.key) ?? "id";
      state.order.value = wanted?.order ?? "asc";
    },
  });
  const filter = computed<KeyFilter>(() => ({
    status: state.status.value,
    q: state.q.value,
    range: state.cell.value ?? state.zoom.value,
  }));
  return { ...state, sort, filter };
}
