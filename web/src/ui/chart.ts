/** A line of a chart. */
export interface ChartSeries {
  label: string;
  /** A variable of tokens.css: `--active`. */
  colour: `--${string}`;
  /** One for each time; what is missing is nothing, not zero. */
  values: readonly (number | null)[];
  /** How a value is written. */
  format?: (value: number) => string;
  /** Fills what is under the line. */
  filled?: boolean;
}
