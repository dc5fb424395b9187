import { SCOPE } from './board.ts';

const RATE = '[$__rate_interval]';

/** A selector within the board's environment and instance. */
export const at = (metric: string, matchers = ''): string => `${metric}{${SCOPE}${matchers && `, ${matchers}`}}`;

export const rate = (metric: string, matchers = ''): string => `rate(${at(metric, matchers)}${RATE})`;

export const sumBy = (labels: string, expr: string): string => `sum by (${labels}) (${expr})`;

/** Without traffic a quantile is not a number; the comparison leaves it out, and the panel says so. */
export const quantile = (q: number, histogram: string, labels = '', matchers = ''): string =>
  `histogram_quantile(${q}, sum by (${labels}${labels && ', '}le) (${rate(`${histogram}_bucket`, matchers)})) >= 0`;

/** P50, P95 and P99 of one histogram. */
export const percentiles = (histogram: string, matchers = '') =>
  [0.5, 0.95, 0.99].map((q) => ({ expr: quantile(q, histogram, '', matchers), legend: `P${q * 100}` }));
