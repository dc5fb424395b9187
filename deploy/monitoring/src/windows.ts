/** Durations of rules. A test scales them down, so that an alert for three days fires within minutes from the same expression. */

const SECONDS = { s: 1, m: 60, h: 3600, d: 86_400 } as const;

export type Duration = `${number}${keyof typeof SECONDS}`;

export function secondsOf(duration: Duration): number {
  const unit = duration.at(-1) as keyof typeof SECONDS;
  return Number(duration.slice(0, -1)) * SECONDS[unit];
}

/** As PromQL and rule files write it: the largest unit that leaves a whole number. */
function format(seconds: number): string {
  const milliseconds = Math.max(1, Math.round(seconds * 1000));
  for (const [unit, size] of Object.entries(SECONDS).reverse())
    if (milliseconds % (size * 1000) === 0) return `${milliseconds / (size * 1000)}${unit}`;
  return `${milliseconds}ms`;
}

export interface Windows {
  /** For `[…]`, `for:` and `interval:`. */
  duration(nominal: Duration): string;
  seconds(nominal: Duration): number;
}

/** A range needs at least two scrapes: with a scrape each second, 5m may shrink to 5s (a scale of 1/60) and no further. */
export const windowsAt = (scale = 1): Windows => ({
  duration: (nominal) => format(secondsOf(nominal) * scale),
  seconds: (nominal) => secondsOf(nominal) * scale,
});
