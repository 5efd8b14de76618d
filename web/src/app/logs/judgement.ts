import type { LogEntry } from "@/api/types";

/** What an answer was taken for and what followed, in words; empty for rows that don't say. */
export function judgement(row: LogEntry, t: (key: string, values?: Record<string, string>) => string, time: (ms: number) => string): string {
  if (!row.outcome) return "";
  if (row.outcome === "rate_limited" && row.rest_ms) return t("logs.outcome.rests", { time: time(row.rest_ms) });
  return t(`logs.outcome.${row.outcome}`);
}
