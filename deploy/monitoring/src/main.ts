/**
 * `pnpm --filter @cap/monitoring generate`: writes rules, their tests, boards and Alertmanager's configuration, and the tables of
 * docs/metrics.md. For files of one's own: `generate --out DIR [--runbooks URL] [--scale N]`.
 */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { generate } from './generate.ts';
import { metricsPage } from './metrics-page.ts';

const { values } = parseArgs({
  options: { out: { type: 'string' }, runbooks: { type: 'string' }, scale: { type: 'string', default: '1' } },
});
const { out, runbooks, scale } = values;
const own = path.dirname(import.meta.dirname);
for (const [name, text] of generate({ scale: Number(scale), ...(runbooks === undefined ? {} : { runbooks }) })) {
  const file = path.join(out ?? own, name);
  mkdirSync(path.dirname(file), { recursive: true });
  writeFileSync(file, text);
}
if (out === undefined) {
  const page = path.join(own, '../../docs/metrics.md');
  writeFileSync(page, metricsPage(readFileSync(page, 'utf8')));
}
