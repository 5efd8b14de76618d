import { computed, type Ref, ref, watch } from "vue";

import type { Key } from "@/api/types";

import type { KeyFilter } from "../keyFilter";

/** What something is to be done to: chosen keys, or all that a filter finds. */
export type Target = { keys: readonly Key[] } | { filter: KeyFilter; count: number };

/**
 * The chosen keys. They stay chosen on other pages; another filter or group begins anew. `isAll` means all keys that the filter finds,
 * also those on other pages.
 */
export function useSelection(group: () => number, filter: Readonly<Ref<KeyFilter>>, rows: Readonly<Ref<Key[]>>, total: Readonly<Ref<number>>) {
  const chosen = ref(new Map<number, Key>());
  const isAll = ref(false);

  function clear() {
    chosen.value = new Map();
    isAll.value = false;
  }
  watch(() => JSON.stringify([group(), filter.value]), clear);

  const ids = computed<ReadonlySet<string | number>>({
    get: () => new Set(isAll.value ? rows.value.map(({ id }) => id) : chosen.value.keys()),
    set: (wanted) => {
      const known = new Map([...chosen.value, ...rows.value.map((key) => [key.id, key] as const)]);
      isAll.value = false;
      chosen.value = new Map([...known].filter(([id]) => wanted.has(id)));
    },
  });
  const count = computed(() => (isAll.value ? total.value : chosen.value.size));
  const target = computed<Target>(() =>
    isAll.value ? { filter: filter.value, count: total.value } : { keys: [...chosen.value.values()] },
  );
  /** Whether there are more than the page shows, all of which are chosen. */
  const canChooseAll = computed(
    () => !isAll.value && rows.value.length > 0 && total.value > rows.value.length && rows.value.every(({ id }) => chosen.value.has(id)),
  );
  return { ids, count, target, canChooseAll, isAll, chooseAll: () => (isAll.value = true), clear };
}
