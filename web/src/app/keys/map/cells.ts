import type { Range } from "../keyFilter";

/** A cell as the server gives it: first and last id, then how many of its keys are usable, cooling, invalid, disabled. */
export type Cell = readonly [first: number, last: number, usable: number, cooling: number, invalid: number, disabled: number];

/** Where in a cell the number of a state stands. */
export const PLACES = { active: 2, cooling: 3, invalid: 4, disabled: 5 } as const;

export const sizeOf = ([, , ...counts]: Cell) => counts.reduce((sum, count) => sum + count, 0);

/** At most `limit` cells, each made of equally many neighbours. */
export function merged(cells: readonly Cell[], limit: number): Cell[] {
  const step = Math.ceil(cells.length / Math.max(1, limit));
  if (step <= 1) return [...cells];
  const out: Cell[] = [];
  for (let at = 0; at < cells.length; at += step) out.push(joined(cells.slice(at, at + step)));
  return out;
}

function joined(cells: readonly Cell[]): Cell {
  const sum = (place: 2 | 3 | 4 | 5) => cells.reduce((all, cell) => all + cell[place], 0);
  return [cells[0]?.[0] ?? 0, cells.at(-1)?.[1] ?? 0, sum(2), sum(3), sum(4), sum(5)];
}

/** The keys of the cells from one to another, in whatever order. */
export function rangeOf(cells: readonly Cell[], one: number, other: number): Range | undefined {
  const [first, last] = [cells[Math.min(one, other)], cells[Math.max(one, other)]];
  return first && last ? { from: first[0], to: last[1] } : undefined;
}

/** The half of the cells around one of them, which stays where it is seen; undefined when there is nothing to come nearer to. */
export function nearer(cells: readonly Cell[], at: number): Range | undefined {
  const half = Math.ceil(cells.length / 2);
  if (half >= cells.length) return cells[0] && sizeOf(cells[0]) > 1 ? rangeOf(cells, 0, 0) : undefined;
  const start = Math.round((at / (cells.length - 1)) * (cells.length - half));
  return rangeOf(cells, start, start + half - 1);
}
