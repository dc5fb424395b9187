/** Of names of any kind, those that are epochs; ascending. */
export const epochsOf = (names: readonly string[]): number[] =>
  names
    .filter((name) => /^[1-9]\d{0,14}$/.test(name))
    .map(Number)
    .sort((a, b) => a - b);
