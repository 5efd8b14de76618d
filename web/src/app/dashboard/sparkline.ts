/** The line through `values`, of which `most` is the highest, in a box of `width` by `height`; nothing where all is zero. */
export function pathOf(values: readonly number[], most: number, width: number, height: number): string {
  if (values.every((value) => value === 0)) return "";
  const step = width / Math.max(1, values.length - 1);
  const y = (value: number) => round(height - 1 - (value / most) * (height - 2));
  return values.map((value, index) => `${index === 0 ? "M" : "L"}${round(index * step)} ${y(value)}`).join("");
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}
