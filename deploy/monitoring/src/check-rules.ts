/**
 * `pnpm --filter @cap/monitoring test:rules`: what only Prometheus' own promtool can say of rules and queries. It needs promtool
 * (Debian: prometheus) and takes about two minutes, because it lives through three days; so `npm test` leaves it out.
 */
import { spawnSync } from 'node:child_process';
import { globSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { boards } from './boards/index.ts';
import { settingsOf } from './generate.ts';
import { panelsOf, targetsOf } from './lint/boards.ts';
import { withoutVariables } from './lint/promql.ts';
import { yaml } from './rule-files.ts';

const folder = path.join(import.meta.dirname, '../prometheus');

function promtool(...args: string[]): void {
  const { status, error } = spawnSync('promtool', args, { stdio: 'inherit' });
  if (error) throw error;
  if (status !== 0) process.exitCode = 1;
}

/** As rules, since promtool checks no queries. */
function queriesAsRules(): string {
  const exprs = boards(settingsOf({}))
    .flatMap(panelsOf)
    .flatMap(targetsOf)
    .filter(({ datasource }) => datasource?.type === 'prometheus')
    .map(({ expr = '' }) => withoutVariables(expr));
  return yaml({
    groups: [{ name: 'queries', rules: exprs.map((expr, index) => ({ record: `query:${index}`, expr })) }],
  });
}

const scratch = mkdtempSync(path.join(tmpdir(), 'cap-rules-'));
try {
  const queries = path.join(scratch, 'queries.yaml');
  writeFileSync(queries, queriesAsRules());
  promtool('check', 'rules', ...globSync(path.join(folder, 'rules/*.yaml')), queries);
  for (const file of globSync(path.join(folder, '*.yml'))) promtool('check', 'config', file);
  promtool('test', 'rules', ...globSync(path.join(folder, 'tests/*.yaml')));
} finally {
  rmSync(scratch, { recursive: true });
}
