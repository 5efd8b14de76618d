import type { LogEntry } from "@/api/types";
import type { State } from "@/ui/state";

/** What became of a row's attempt, and the mark that stands for it. */
export type Mark = "succeeded" | "failed" | "retried" | "gone";

export const MARK_STATES: Record<Mark, State> = { succeeded: "active", failed: "invalid", retried: "cooling", gone: "disabled" };

/** The status under which a request is logged whose client left. */
const CLIENT_GONE = 499;

export function markOf(row: LogEntry): Mark {
  if (row.is_success) return "succeeded";
  if (row.status_code === CLIENT_GONE) return "gone";
  return row.request_type === "retry" ? "retried" : "failed";
}
