import { expect, it } from '@jest/globals';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { allAlerts } from '../alerts/index.ts';
import { settingsOf } from '../generate.ts';
import { lintBoard, panelsOf } from '../lint/boards.ts';
import { lintCoverage } from '../lint/coverage.ts';
import { knownSeries } from '../lint/series.ts';
import { METRICS } from '../metrics.ts';
import { boards } from './index.ts';

const settings = settingsOf({});
const all = boards(settings);
const context = { series: knownSeries(), alerts: allAlerts(settings) };
const textOf = (page: string) => readFileSync(path.join(import.meta.dirname, '../../../..', page), 'utf8');

it('have no findings', () => {
  expect(all.flatMap((board) => lintBoard(board, context))).toEqual([]);
});

it('show each metric of the contract, or a page does', () => {
  expect(lintCoverage(METRICS, all, textOf)).toEqual([]);
});

it('have the uids that links and bookmarks use', () => {
  expect(all.map(({ uid, title }) => [uid, title])).toEqual([
    ['cap-overview', 'CAP Overview'],
    ['cap-slo', 'CAP SLO'],
    ['cap-registry-log', 'CAP Registry & Log'],
    ['cap-backup', 'CAP Backup'],
    ['cap-request', 'CAP Request'],
  ]);
});

it('show each alert’s value somewhere, with a link to its runbook', () => {
  const linked = new Set(all.flatMap(panelsOf).flatMap(({ links = [] }) => links.map(({ url = '' }) => url)));
  const shown = (alert: string) => linked.has(`docs/runbooks/${alert}.md`);
  const hidden = [...new Set(context.alerts.map(({ alert }) => alert))].filter((alert) => !shown(alert));
  // What is missing has no series, and what is one instance's or several versions' is in the tables of the overview.
  expect(hidden).toEqual([
    'CapInstanceDown',
    'CapTargetMissing',
    'CapVersionsDiffer',
    'CapDiskFillingUp',
    'CapBackupWorkerDown',
    'CapBackupFromFuture',
    'CapBackupDrillFailed',
  ]);
});

it('fill their rows: panels do not overlap and reach from edge to edge', () => {
  for (const board of all) {
    const cells = new Set<string>();
    for (const { gridPos, title } of panelsOf(board)) {
      const { x, y, w, h } = gridPos!;
      for (let column = x; column < x + w; column++)
        for (let line = y; line < y + h; line++) {
          expect([title, cells.has(`${column},${line}`)]).toEqual([title, false]);
          cells.add(`${column},${line}`);
        }
    }
    const width = Math.max(...[...cells].map((cell) => Number(cell.split(',')[0]))) + 1;
    expect(width).toBe(24);
  }
});
