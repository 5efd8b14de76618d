import type { State } from "@/ui/state";

import type { Range } from "../keyFilter";
import { type Cell, PLACES, sizeOf } from "./cells";
import { GAP, type Layout, placeOf } from "./layout";

export type Palette = Record<State | "ink" | "accent", string>;

/** What is drawn beside the cells. */
export interface Marks {
  /** The cell under the pointer or the keyboard's cursor. */
  cursor: number | undefined;
  /** Keys that have been chosen. */
  chosen: Range | undefined;
  /** Cells that are being dragged over. */
  dragged: readonly [number, number] | undefined;
}

/** From the bottom of a bar up. */
const STACK = ["active", "cooling", "disabled", "invalid"] as const;

/** Draws all cells: squares with the shape of their state for single keys, bars of their shares for several. */
export function draw(context: CanvasRenderingContext2D, layout: Layout, cells: readonly Cell[], palette: Palette, marks: Marks) {
  const { width, height } = context.canvas;
  context.save();
  context.setTransform(1, 0, 0, 1, 0, 0);
  context.clearRect(0, 0, width, height);
  context.restore();
  const isSingle = layout.width === layout.height;
  cells.forEach((cell, at) => {
    const { x, y } = placeOf(layout, at);
    if (isSingle) square(context, stateOf(cell), x, y, layout.width, palette);
    else bar(context, cell, x, y, layout, palette);
    if (marks.dragged && isBetween(at, marks.dragged)) veil(context, layout, x, y, palette.accent);
    else if (marks.chosen && isIn(cell, marks.chosen)) frame(context, layout, at, palette.accent, 2);
  });
  if (marks.cursor !== undefined && marks.cursor < cells.length) frame(context, layout, marks.cursor, palette.ink, 1.5);
}

const isBetween = (at: number, ends: readonly [number, number]) => at >= Math.min(...ends) && at <= Math.max(...ends);
const isIn = ([first, last]: Cell, range: Range) => last >= range.from && first <= range.to;

/** Of a cell of one key. */
function stateOf(cell: Cell): State {
  return STACK.find((state) => cell[PLACES[state]] > 0) ?? "disabled";
}

/** Full, half full, crossed out, empty: as the state's mark elsewhere. */
function square(context: CanvasRenderingContext2D, state: State, x: number, y: number, side: number, palette: Palette) {
  context.fillStyle = context.strokeStyle = palette[state];
  context.lineWidth = 1;
  if (state === "active") {
    context.fillRect(x, y, side, side);
  } else if (state === "invalid") {
    context.lineWidth = side >= 10 ? 2 : 1.4;
    context.beginPath();
    context.moveTo(x + 1, y + 1);
    context.lineTo(x + side - 1, y + side - 1);
    context.moveTo(x + side - 1, y + 1);
    context.lineTo(x + 1, y + side - 1);
    context.stroke();
  } else {
    context.strokeRect(x + 0.5, y + 0.5, side - 1, side - 1);
    if (state === "cooling") context.fillRect(x, y, Math.ceil(side / 2), side);
  }
}

/** The shares of the states, one on the other; the least is still seen. */
function bar(context: CanvasRenderingContext2D, cell: Cell, x: number, y: number, { width, height }: Layout, palette: Palette) {
  const total = sizeOf(cell);
  let bottom = y + height;
  for (const state of STACK) {
    const share = cell[PLACES[state]] / total;
    if (share === 0) continue;
    const tall = Math.min(bottom - y, Math.max(1.5, share * height));
    context.fillStyle = palette[state];
    // Those that do nothing are slim.
    const slim = state === "disabled" ? 1 : 0;
    context.fillRect(x + slim, bottom - tall, width - 2 * slim, tall);
    bottom -= tall;
  }
}

function veil(context: CanvasRenderingContext2D, layout: Layout, x: number, y: number, colour: string) {
  context.globalAlpha = 0.5;
  context.fillStyle = colour;
  context.fillRect(x - GAP, y - GAP, layout.width + 2 * GAP, layout.height + 2 * GAP);
  context.globalAlpha = 1;
}

function frame(context: CanvasRenderingContext2D, layout: Layout, at: number, colour: string, thick: number) {
  const { x, y } = placeOf(layout, at);
  context.strokeStyle = colour;
  context.lineWidth = thick;
  context.strokeRect(x - thick / 2, y - thick / 2, layout.width + thick, layout.height + thick);
}
