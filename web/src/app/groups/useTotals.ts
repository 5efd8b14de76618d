import { skipToken, useQueries } from "@tanstack/vue-query";
import { computed, type MaybeRefOrGetter, toValue } from "vue";

import { keys } from "@/api/queries";
import type { KeyStates } from "@/api/types";

import { sum, type Totals } from "./totals";

/** The keys of these groups together, as the event stream tells them; undefined until it has told of all. */
export function useTotals(ids: MaybeRefOrGetter<readonly number[]>) {
  const told = useQueries({
    queries: computed(() => toValue(ids).map((id) => ({ queryKey: keys.keyStates(id), queryFn: skipToken as never }))),
  });
  return computed<Totals | undefined>(() => {
    const known = told.value.flatMap(({ data }) => (data ? [data as KeyStates] : []));
    return known.length === toValue(ids).length ? sum(known) : undefined;
  });
}
