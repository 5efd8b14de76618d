/** A column of a DataTable. Its cells come from the slot named by `key`, or are the row's field of that name. */
export interface Column<Row = unknown> {
  key: string;
  label: string;
  /** A track of CSS grid: `120px`, `minmax(160px, 2fr)`. */
  width?: string;
  align?: "start" | "end";
  sortable?: boolean;
  /** The text of a cell without a slot. */
  text?: (row: Row) => string | number;
  /** Heading for screen readers only. */
  hideLabel?: boolean;
}

export interface Sort {
  key: string;
  order: "asc" | "desc";
}

/** The least width of tracks of CSS grid that are given in pixels: `36px minmax(160px, 2fr)` need 196. */
export function leastWidth(tracks: string): number {
  const least = tracks.match(/\d+px/g) ?? [];
  return least.reduce((sum, width) => sum + Number.parseInt(width), 0);
}
