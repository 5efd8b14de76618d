/** What is wrong with a whole number that has limits; `undefined` if nothing is. */
export function numberFault(
  value: number | null,
  { min, max, required }: { min?: number; max?: number; required?: boolean },
): "missing" | "atLeast" | "between" | undefined {
  if (value === null) return required ? "missing" : undefined;
  const [low, high] = [min ?? Number.MIN_SAFE_INTEGER, max ?? Number.MAX_SAFE_INTEGER];
  if (Number.isInteger(value) && value >= low && value <= high) return undefined;
  return max === undefined ? "atLeast" : "between";
}
