import type { Dashboard } from '@grafana/grafana-foundation-sdk/dashboard';
import type { Metric } from '../metrics.ts';
import { panelsOf, targetsOf } from './boards.ts';
import { analyse } from './promql.ts';
import type { Finding } from './series.ts';

/** Metrics of the contract that nobody sees: on no board, and not on the page that they name. */
export function lintCoverage(
  metrics: readonly Metric[],
  boards: readonly Dashboard[],
  textOf: (page: string) => string,
): Finding[] {
  const shown = new Set(
    boards
      .flatMap(panelsOf)
      .flatMap(targetsOf)
      .flatMap(({ datasource, expr = '' }) => (datasource?.type === 'prometheus' ? analyse(expr).selectors : []))
      .map(({ metric }) => metric),
  );
  const onBoard = ({ name }: Metric) => ['', '_bucket', '_sum', '_count'].some((suffix) => shown.has(name + suffix));
  return metrics
    .filter((metric) => !onBoard(metric))
    .filter(({ name, page }) => page === undefined || !textOf(page).includes(`\`${name}\``))
    .map(({ name, page }) => ({
      rule: 'shown',
      place: name,
      message: page === undefined ? 'no board shows it, and it names no page' : `neither a board nor ${page} shows it`,
    }));
}
