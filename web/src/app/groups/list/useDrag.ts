import { ref } from "vue";

export interface Drop {
  target: number;
  side: "before" | "behind";
}

/**
 * Drags a group of the list by mouse, pen or finger. Rows carry `data-group` with their id, lists of siblings `data-siblings`;
 * a group stays among its siblings.
 */
export function useDrag(drop: (id: number, drop: Drop) => void) {
  const dragged = ref<number>();
  const over = ref<Drop>();
  let siblings: Element | null = null;

  function start(event: PointerEvent, id: number) {
    if (event.button !== 0 || !(event.currentTarget instanceof HTMLElement)) return;
    event.preventDefault();
    event.currentTarget.setPointerCapture(event.pointerId);
    siblings = event.currentTarget.closest("[data-siblings]");
    dragged.value = id;
  }

  function move(event: PointerEvent) {
    if (dragged.value !== undefined) over.value = dropAt(event);
  }

  function end() {
    const [id, to] = [dragged.value, over.value];
    cancel();
    if (id !== undefined && to && to.target !== id) drop(id, to);
  }

  function cancel() {
    dragged.value = over.value = undefined;
  }

  function dropAt({ clientX, clientY }: PointerEvent): Drop | undefined {
    let row = document.elementFromPoint(clientX, clientY)?.closest<HTMLElement>("[data-group]");
    // Over a member of an aggregate, an aggregate is meant.
    while (row && row.closest("[data-siblings]") !== siblings) row = row.parentElement?.closest<HTMLElement>("[data-group]");
    if (!row) return undefined;
    const { top, height } = row.getBoundingClientRect();
    return { target: Number(row.dataset.group), side: clientY < top + height / 2 ? "before" : "behind" };
  }

  return { dragged, over, start, move, end, cancel };
}
