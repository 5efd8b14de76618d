import type { Param } from "@/lib/urlState";

/** Keys by their ids, both included. */
export interface Range {
  from: number;
  to: number;
}

/** Which keys of a group are shown. */
export interface KeyFilter {
  status: Status;
  q: string;
  range: Range | undefined;
}

export const STATUSES = ["all", "usable", "active", "cooling", "invalid", "disabled"] as const;
export type Status = (typeof STATUSES)[number];

export const SORTS = ["id", "request_count", "failure_count", "last_used_at"] as const;

/** A range in the address: `12-80`. */
export const range = (): Param<Range | undefined> => ({
  fallback: undefined,
  read: (found) => {
    const [, from, to] = /^(\d{1,15})-(\d{1,15})$/.exec(found) ?? [];
    return from !== undefined && to !== undefined && Number(from) <= Number(to) ? { from: Number(from), to: Number(to) } : undefined;
  },
  write: (value) => (value ? `${value.from}-${value.to}` : ""),
});

/** The filter as `GET /api/keys` and `POST /api/keys/apply` take it. */
export function asQuery({ status, q, range }: KeyFilter) {
  return {
    ...(status === "all" ? {} : { status }),
    ...(q.trim() === "" ? {} : { q: q.trim() }),
    ...(range ? { id_from: range.from, id_to: range.to } : {}),
  };
}
