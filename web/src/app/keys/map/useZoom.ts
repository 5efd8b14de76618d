import { computed, type Ref, ref, watch } from "vue";

import type { Range } from "../keyFilter";

/** The way into a pool: each part is one of the last. What was opened by its address has only the whole pool before it. */
export function useZoom(group: () => number, zoom: Ref<Range | undefined>, forgetChosen: () => void) {
  const before = ref<Range[]>([]);
  watch(group, () => (before.value = []));

  function into(range: Range | undefined) {
    if (!range || (zoom.value && range.from === zoom.value.from && range.to === zoom.value.to)) return;
    if (zoom.value) before.value = [...before.value, zoom.value];
    zoom.value = range;
    forgetChosen();
  }

  /** To a part that one came from; undefined is the whole pool. */
  function backTo(range: Range | undefined) {
    before.value = range ? before.value.slice(0, before.value.indexOf(range)) : [];
    zoom.value = range;
    forgetChosen();
  }

  return {
    crumbs: computed(() => before.value),
    canGoBack: computed(() => zoom.value !== undefined),
    into,
    backTo,
    back: () => backTo(before.value.at(-1)),
  };
}
