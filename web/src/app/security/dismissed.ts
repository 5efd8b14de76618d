import { computed } from "vue";

import { useLocalStorage } from "@/lib/localStorage";

/** One for all banners: each would forget what another has stored. */
const stored = useLocalStorage<readonly string[]>("gpt-load.dismissed-warnings", [], (found) => (Array.isArray(found) ? found.map(String) : []));

/** Warnings that this browser's reader has read. One that says something else appears again. */
export function useDismissed() {
  return {
    dismissed: computed<ReadonlySet<string>>(() => new Set(stored.value)),
    dismiss: (texts: readonly string[]) => (stored.value = [...new Set([...stored.value, ...texts])]),
  };
}
