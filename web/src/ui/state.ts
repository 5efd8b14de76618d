/** The four states a key is shown in. */
export const STATES = ["active", "cooling", "invalid", "disabled"] as const;

export type State = (typeof STATES)[number];

/** The shape that stands for each, in a square of 12: disc, half disc, cross, ring. */
export const SHAPES: Record<State, { fill?: string; line?: string }> = {
  active: { fill: "M6 2a4 4 0 1 1 0 8 4 4 0 0 1 0-8z" },
  cooling: { line: "M6 2.2a3.8 3.8 0 1 1 0 7.6 3.8 3.8 0 0 1 0-7.6z", fill: "M6 2a4 4 0 0 0 0 8z" },
  invalid: { line: "M2.8 2.8l6.4 6.4M9.2 2.8 2.8 9.2" },
  disabled: { line: "M6 2.2a3.8 3.8 0 1 1 0 7.6 3.8 3.8 0 0 1 0-7.6z" },
};
