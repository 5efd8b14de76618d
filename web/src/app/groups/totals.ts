import type { KeyStates } from "@/api/types";

/** How many keys are in which state; each is in one. */
export interface Totals {
  total: number;
  usable: number;
  cooling: number;
  invalid: number;
  disabled: number;
  /** When the first rest ends, in milliseconds since the epoch. */
  nextWake: number | undefined;
}

/** The keys of some groups together. */
export function sum(groups: readonly KeyStates[]): Totals {
  const of = (field: "total" | "usable" | "cooling" | "invalid" | "disabled") => groups.reduce((all, states) => all + states[field], 0);
  const wakes = groups.flatMap(({ next_wake_at }) => (next_wake_at ? [Date.parse(next_wake_at)] : []));
  return {
    total: of("total"),
    usable: of("usable"),
    cooling: of("cooling"),
    invalid: of("invalid"),
    disabled: of("disabled"),
    nextWake: wakes.length > 0 ? Math.min(...wakes) : undefined,
  };
}
