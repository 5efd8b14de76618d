import { onMounted, onUnmounted, type Ref } from "vue";

import { isTyping } from "@/lib/keyboard";

/** `j` and `k` go down and up, `Enter` opens, `x` selects; anywhere on the page, but where one types or where a layer is open. */
export function useRowKeys(rows: {
  count: () => number;
  cursor: Ref<number>;
  open: (index: number) => void;
  select: (index: number) => void;
  root: () => HTMLElement | null;
}) {
  function onKey(event: KeyboardEvent) {
    if (event.ctrlKey || event.metaKey || event.altKey || isTyping(event)) return;
    const inside = rows.root()?.contains(document.activeElement) ?? false;
    const step = stepOf(event.key, inside);
    if (step !== 0 && rows.count() > 0) {
      rows.cursor.value = Math.min(rows.count() - 1, Math.max(0, rows.cursor.value + step));
    } else if (event.key === "Enter" && isFree(rows.root()) && rows.cursor.value >= 0) {
      rows.open(rows.cursor.value);
    } else if (event.key === "x" && rows.cursor.value >= 0) {
      rows.select(rows.cursor.value);
    } else {
      return;
    }
    event.preventDefault();
  }

  onMounted(() => window.addEventListener("keydown", onKey));
  onUnmounted(() => window.removeEventListener("keydown", onKey));
}

function stepOf(key: string, inside: boolean): number {
  if (key === "j" || (inside && key === "ArrowDown")) return 1;
  if (key === "k" || (inside && key === "ArrowUp")) return -1;
  return 0;
}

/** Whether Enter means the row: nothing else that it would press has the focus. */
function isFree(root: HTMLElement | null): boolean {
  const focused = document.activeElement;
  return focused === null || focused === document.body || focused === root;
}
