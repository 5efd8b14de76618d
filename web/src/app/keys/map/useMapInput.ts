import { type Ref, ref } from "vue";

import { cellAt, type Layout } from "./layout";

/** So much of the wheel is one step, in pixels. */
const WHEEL_STEP = 60;

/** Mouse, finger and keys on the map: cells are pointed at, chosen, dragged over, and one comes nearer or goes back. */
export function useMapInput(map: {
  layout: Readonly<Ref<Layout>>;
  count: () => number;
  choose: (cell: number) => void;
  select: (from: number, to: number) => void;
  nearer: (cell: number) => void;
  back: () => void;
  canGoBack: () => boolean;
}) {
  const cursor = ref<number>();
  const dragged = ref<[number, number]>();
  let wheel = 0;

  const at = ({ offsetX, offsetY }: MouseEvent) => cellAt(map.layout.value, map.count(), offsetX, offsetY);

  function down(event: PointerEvent) {
    const cell = at(event);
    if (event.button !== 0 || cell === undefined) return;
    if (event.pointerType === "mouse" && event.currentTarget instanceof Element) event.currentTarget.setPointerCapture(event.pointerId);
    dragged.value = [cell, cell];
  }

  function move(event: PointerEvent) {
    const cell = at(event);
    cursor.value = cell;
    if (dragged.value && cell !== undefined) dragged.value = [dragged.value[0], cell];
  }

  function up() {
    const [from, to] = dragged.value ?? [];
    dragged.value = undefined;
    if (from === undefined || to === undefined) return;
    if (from === to) map.choose(from);
    else map.select(from, to);
  }

  function leave() {
    if (!dragged.value) cursor.value = undefined;
  }

  function cancel() {
    cursor.value = dragged.value = undefined;
  }

  /** Nearer and back by the wheel; where there is nowhere to go, the page scrolls. */
  function turn(event: WheelEvent) {
    const cell = at(event);
    if (cell === undefined || (event.deltaY > 0 && !map.canGoBack())) return;
    event.preventDefault();
    wheel = Math.sign(wheel) === Math.sign(event.deltaY) ? wheel + event.deltaY : event.deltaY;
    if (Math.abs(wheel) < WHEEL_STEP) return;
    wheel = 0;
    if (event.deltaY < 0) map.nearer(cell);
    else map.back();
  }

  function press(event: KeyboardEvent) {
    if (event.ctrlKey || event.metaKey || event.altKey || !act(event.key)) return;
    event.preventDefault();
    event.stopPropagation();
  }

  function act(key: string): boolean {
    const now = cursor.value ?? 0;
    const last = Math.max(0, map.count() - 1);
    const columns = map.layout.value.columns;
    const steps: Record<string, number> = {
      ArrowLeft: now - 1, ArrowRight: now + 1, ArrowUp: now - columns, ArrowDown: now + columns, Home: 0, End: last,
    };
    const step = steps[key];
    if (step !== undefined) cursor.value = cursor.value === undefined ? 0 : Math.min(last, Math.max(0, step));
    else if (key === "Enter" || key === " ") map.choose(now);
    else if (key === "+" || key === "=") map.nearer(now);
    else if ((key === "-" || key === "Backspace") && map.canGoBack()) map.back();
    else return false;
    return true;
  }

  return { cursor, dragged, down, move, up, leave, cancel, turn, press };
}
