import { computed, onMounted, onUnmounted, type Ref, ref, watch } from "vue";

import { useTheme } from "@/app/shell/theme";
import { colourOf } from "@/ui/colour";

import type { Cell } from "./cells";
import { draw, type Marks, type Palette } from "./draw";
import { GAP, type Layout } from "./layout";

/** Room for the frames around the outermost cells. */
export const MARGIN = 2;

/** Draws the map into a canvas, sharp on every screen, anew whenever anything in it is another. */
export function useMapCanvas(
  canvas: Readonly<Ref<HTMLCanvasElement | null>>,
  map: { layout: Readonly<Ref<Layout>>; cells: Readonly<Ref<Cell[]>>; marks: Readonly<Ref<Marks>> },
) {
  const theme = useTheme();
  const palette = ref<Palette>();
  let frame = 0;

  const size = computed(() => {
    const { width, height, columns } = map.layout.value;
    const rows = Math.max(1, Math.ceil(map.cells.value.length / columns));
    return { width: columns * (width + GAP) + 2 * MARGIN, height: rows * (height + GAP) + 2 * MARGIN };
  });

  function paint() {
    frame = 0;
    const [element, colours] = [canvas.value, palette.value];
    const context = element?.getContext("2d");
    if (!element || !context || !colours) return;
    const ratio = window.devicePixelRatio;
    const [width, height] = [Math.round(size.value.width * ratio), Math.round(size.value.height * ratio)];
    if (element.width !== width || element.height !== height) Object.assign(element, { width, height });
    context.setTransform(ratio, 0, 0, ratio, MARGIN * ratio, MARGIN * ratio);
    draw(context, map.layout.value, map.cells.value, colours, map.marks.value);
  }

  const repaint = () => (frame ||= requestAnimationFrame(paint));

  function colours() {
    const root = canvas.value?.parentElement;
    if (!root) return;
    const of = (name: `--${string}`) => colourOf(root, name);
    palette.value = {
      active: of("--active"),
      cooling: of("--cooling"),
      invalid: of("--invalid"),
      disabled: of("--disabled"),
      ink: of("--ink"),
      accent: of("--accent"),
    };
  }

  onMounted(colours);
  onUnmounted(() => cancelAnimationFrame(frame));
  // Once the page has taken the new theme.
  watch(() => theme.shown, colours, { flush: "post" });
  watch([map.cells, map.layout, map.marks, palette], repaint, { flush: "post" });
  return size;
}
