import { describe, expect, it } from "vitest";

import { type Cell, merged, nearer, rangeOf, sizeOf } from "./cells";
import { bars, cellAt, cellsFor, placeOf, squares } from "./layout";

const single = (id: number): Cell => [id, id, 1, 0, 0, 0];

describe("cells of the pool map", () => {
  const cells: Cell[] = [[1, 9, 5, 1, 0, 2], [10, 30, 0, 8, 0, 0], [31, 33, 0, 0, 2, 0]];

  it("are joined with their neighbours when there are too many", () => {
    expect(merged(cells, 2)).toEqual([[1, 30, 5, 9, 0, 2], [31, 33, 0, 0, 2, 0]]);
    expect(merged(cells, 3)).toEqual(cells);
    expect(merged([], 3)).toEqual([]);
    expect(merged(cells, 1).map(sizeOf)).toEqual([18]);
  });

  it("tell the ids they stand for, whichever end was touched first", () => {
    expect(rangeOf(cells, 2, 1)).toEqual({ from: 10, to: 33 });
    expect(rangeOf(cells, 0, 9)).toBeUndefined();
  });

  it("come nearer by halves, the pointed one stays in sight", () => {
    const eight = [1, 2, 3, 4, 5, 6, 7, 8].map(single);
    expect(nearer(eight, 0)).toEqual({ from: 1, to: 4 });
    expect(nearer(eight, 7)).toEqual({ from: 5, to: 8 });
    expect(nearer(eight, 4)).toEqual({ from: 3, to: 6 });
  });

  it("come down to one key, and no further", () => {
    expect(nearer([single(7), single(8)], 1)).toEqual({ from: 8, to: 8 });
    expect(nearer([single(8)], 0)).toBeUndefined();
    expect(nearer([[1, 9, 5, 1, 0, 2]], 0)).toEqual({ from: 1, to: 9 });
  });
});

describe("layout of the pool map", () => {
  const space = { width: 1000, height: 90 };

  it("has the largest squares that fit", () => {
    expect(squares(space, 6)).toEqual({ width: 16, height: 16, columns: 58, rows: 1 });
    expect(squares(space, 1200)).toEqual({ width: 7, height: 7, columns: 125, rows: 10 });
    expect(squares(space, 100_000)).toBeUndefined();
  });

  it("asks for single keys as long as they fit", () => {
    const cells = cellsFor(space);
    expect(squares(space, cells)).toBeDefined();
    expect(cells % 256).toBe(0);
    expect(cellsFor({ width: 9000, height: 900 })).toBe(4096);
    expect(cellsFor({ width: 10, height: 10 })).toBe(256);
  });

  it("finds the cell at a point, and none beside them", () => {
    const layout = bars(space);
    const { x, y } = placeOf(layout, layout.columns + 3);
    expect(cellAt(layout, 500, x + 1, y + 1)).toBe(layout.columns + 3);
    expect(cellAt(layout, 5, x + 1, y + 1)).toBeUndefined();
    expect(cellAt(layout, 500, -1, 0)).toBeUndefined();
    expect(cellAt(layout, 500, 5000, 0)).toBeUndefined();
  });
});
