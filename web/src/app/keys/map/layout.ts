/** Where cells stand: in rows from the left, `gap` apart. */
export interface Layout {
  width: number;
  height: number;
  columns: number;
  rows: number;
}

/** Between cells, in pixels. */
export const GAP = 1;
/** Sides of a square that stands for one key, the largest that fits is taken. */
const SQUARES = [16, 14, 12, 10, 8, 7, 6];
/** A bar that stands for several keys. */
const BAR = { width: 4, height: 22 };
/** The most the server gives. */
const MOST = 4096;
/** Asked for in such steps, so that a window that is being sized does not ask at each pixel. */
const STEP = 256;

const fitting = (space: number, side: number) => Math.max(1, Math.floor((space + GAP) / (side + GAP)));

/** Squares for so many keys in a space; undefined if there are too many. */
export function squares(space: { width: number; height: number }, count: number): Layout | undefined {
  for (const side of SQUARES) {
    const columns = fitting(space.width, side);
    if (columns * fitting(space.height, side) >= count) return { width: side, height: side, columns, rows: Math.max(1, Math.ceil(count / columns)) };
  }
  return undefined;
}

/** Bars for buckets of keys: as many as fit. */
export function bars(space: { width: number; height: number }): Layout {
  const columns = fitting(space.width, BAR.width);
  return { ...BAR, columns, rows: fitting(space.height, BAR.height) };
}

/** How many cells to ask the server for, so that whatever fits as squares comes as single keys. */
export function cellsFor(space: { width: number; height: number }): number {
  const side = SQUARES.at(-1) ?? 1;
  const most = fitting(space.width, side) * fitting(space.height, side);
  return Math.min(MOST, Math.max(STEP, Math.floor(most / STEP) * STEP));
}

export function placeOf(layout: Layout, at: number) {
  return { x: (at % layout.columns) * (layout.width + GAP), y: Math.floor(at / layout.columns) * (layout.height + GAP) };
}

/** Which cell is at a point; between two it is the one before. */
export function cellAt(layout: Layout, count: number, x: number, y: number): number | undefined {
  const column = Math.floor(x / (layout.width + GAP));
  const at = Math.floor(y / (layout.height + GAP)) * layout.columns + column;
  return x >= 0 && y >= 0 && column < layout.columns && at < count ? at : undefined;
}
