import type { LogEntry } from "@/api/types";

/** One attempt of a request; times are milliseconds since the request's arrival. */
export interface Attempt {
  row: LogEntry;
  begun: number;
  /** Undefined if no byte came. */
  firstByte: number | undefined;
  end: number;
}

/** All that is known of a request. */
export interface Story {
  attempts: Attempt[];
  /** The attempt that the client saw. */
  last: Attempt;
  /** Milliseconds since the epoch. */
  arrived: number;
}

/** A row is written when its attempt ends, with the time since the request's arrival as its duration. */
export function storyOf(rows: readonly LogEntry[]): Story | undefined {
  const inOrder = [...rows].sort((a, b) => (a.attempt ?? 0) - (b.attempt ?? 0) || a.duration_ms - b.duration_ms);
  const attempts: Attempt[] = [];
  for (const row of inOrder) {
    const end = row.duration_ms;
    // Rows of 1.4.x don't say when their attempt began.
    const begun = clamp(row.begun_ms ?? attempts.at(-1)?.end ?? 0, 0, end);
    const firstByte = row.first_byte_ms === null ? undefined : clamp(row.first_byte_ms, begun, end);
    attempts.push({ row, begun, firstByte, end });
  }
  const last = attempts.at(-1);
  return last && { attempts, last, arrived: Date.parse(last.row.timestamp) - last.end };
}

/** Whole round values from 0 up to `total`, some four of them. */
export function ticks(total: number): number[] {
  const rough = Math.max(total, 4) / 4;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = power * ([1, 2, 5, 10].find((factor) => factor * power >= rough) ?? 10);
  return Array.from({ length: Math.floor(total / step) + 1 }, (_, index) => index * step);
}

function clamp(value: number, least: number, most: number): number {
  return Math.min(Math.max(value, least), most);
}
