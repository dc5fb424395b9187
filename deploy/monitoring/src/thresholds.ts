/** Where alerts fire. Boards draw their lines at the same numbers. Ages are not scaled with the windows: a test sets its own. */

const MINUTE = 60;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const MEBIBYTE = 2 ** 20;

export const DEFAULT_THRESHOLDS = {
  /** Share of the objective's period that may be spent: 99.9 % of 30 days, which leaves 43 minutes. */
  objective: 0.999,
  /** Below so many failed requests within its window no budget counts as burning: two of fifty are bad luck. */
  minFailedRequests: 5,
  /** Nor if, at no more than so many of the samples, one a minute, no verifier served: that is a restart. */
  minDownSamples: 1,
  verdictSeconds: 2.5,
  commitSeconds: 1,
  /** Refused tokens a second. */
  tokenFailures: 0.2,
  refusedRatio: 0.5,
  minRefusedRequests: 20,
  restarts: 3,
  diskFreeRatio: 0.1,
  /** Above this much free room a trend is no reason to get up. */
  diskTrendFreeRatio: 0.3,
  walBytes: 256 * MEBIBYTE,
  expirySeconds: 14 * DAY,
  /** One night, and two hours for the run. */
  backupAgeSeconds: 26 * HOUR,
  drillAgeSeconds: 26 * HOUR,
  /** Clocks differ; a backup from further ahead than this was not made by ours. */
  backupFutureSeconds: HOUR,
  housekeepingAgeSeconds: 2 * DAY,
} as const;

export type Thresholds = { readonly [Name in keyof typeof DEFAULT_THRESHOLDS]: number };
