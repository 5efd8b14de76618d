import type { TaskStatus } from "@/api/types";

/** How far a task is. */
export interface Progress {
  /** 0 to 1. */
  share: number;
  /** Things a second so far; undefined before anything is done. */
  rate: number | undefined;
  /** Milliseconds that are left at this rate. */
  leftMs: number | undefined;
}

/** Rate and rest of a running task, from its beginning on: a mean that doesn't jump. */
export function progressOf({ processed, total, duration_seconds: seconds }: TaskStatus): Progress {
  const rate = processed > 0 && seconds ? processed / seconds : undefined;
  return {
    share: total > 0 ? Math.min(1, processed / total) : 0,
    rate,
    leftMs: rate === undefined ? undefined : (Math.max(0, total - processed) / rate) * 1000,
  };
}

/** What became of a task, by the shapes that the API documents. */
export interface Outcome {
  kind: "imported" | "deleted" | "validated" | "failed";
  counts: Record<string, number>;
  ignored: number;
}

/** The outcome of a task that has ended. */
export function outcomeOf(task: TaskStatus): Outcome {
  if (task.error) return { kind: "failed", counts: {}, ignored: 0 };
  const counts = Object.fromEntries(
    Object.entries((task.result ?? {}) as Record<string, unknown>).filter((entry): entry is [string, number] => typeof entry[1] === "number"),
  );
  const kinds = { KEY_IMPORT: "imported", KEY_DELETE: "deleted", KEY_VALIDATION: "validated", "": "failed" } as const;
  return { kind: kinds[task.task_type], counts, ignored: counts.ignored_count ?? 0 };
}
