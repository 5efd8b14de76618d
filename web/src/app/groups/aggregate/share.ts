/** What part of the requests each member gets, 0 to 1, by their weights; nothing if all weigh nothing. */
export function shares(weights: readonly number[]): number[] {
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  return weights.map((weight) => (total > 0 ? weight / total : 0));
}
