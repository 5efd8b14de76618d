import { computed, onMounted, onUnmounted, type Ref, watch } from "vue";

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
  let palette: Palette | undefined;
  let frame = 0;

  const size = computed(() => {
    const { width, height, columns } = map.layout.value;
    const rows = Math.max(1, Math.ceil(map.cells.value.length / columns));
    return { width: columns * (width + GAP) + 2 * MARGIN, height: rows * (height + GAP) + 2 * MARGIN };
  });

  function paint() {
    frame = 0;
    const element = canvas.value;
    const context = element?.getContext("2d");
    if (!element || !context) return;
    // Only now: before, the browser would have to work out the styles of a page that is not whole yet.
    palette ??= paletteOf(element);
    const ratio = window.devicePixelRatio;
    const [width, height] = [Math.round(size.value.width * ratio), Math.round(size.value.height * ratio)];
    if (element.width !== width || element.height !== height) Object.assign(element, { width, height });
    context.setTransform(ratio, 0, 0, ratio, MARGIN * ratio, MARGIN * ratio);
    draw(context, map.layout.value, map.cells.value, palette, map.marks.value);
  }

  const repaint = () => (frame ||= requestAnimationFrame(paint));

  onMounted(repaint);
  onUnmounted(() => cancelAnimationFrame(frame));
  // Once the page has taken the new theme.
  watch(
    () => theme.shown,
    () => {
      palette = undefined;
      repaint();
    },
    { flush: "post" },
  );
  watch([map.cells, map.layout, map.marks], repaint, { flush: "post" });
  return size;
}

function paletteOf(canvas: HTMLCanvasElement): Palette {
  const of = (name: `--${string}`) => colourOf(canvas.parentElement ?? canvas, name);
  return {
    active: of("--active"),
    cooling: of("--cooling"),
    invalid: of("--invalid"),
    disabled: of("--disabled"),
    ink: of("--ink"),
    accent: of("--accent"),
  };
}
