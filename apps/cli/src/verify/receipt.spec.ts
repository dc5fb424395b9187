import { readFile } from 'node:fs/promises';
import { beforeAll, describe, expect, it } from '@jest/globals';
import { blake3Text } from '@cap/crypto';
import type { Report } from '@cap/verify';
import { provedBundle, type ProvedBundle } from '../bundle/proved-bundle.fixture.js';
import { cap } from '../cli.fixture.js';
import { json, LOG_KEY, logDesk, testLog, tlogProof, type LogDesk } from '../log/log.fixture.js';

let made: ProvedBundle;
let desk: LogDesk;
let bundleId: string;
beforeAll(async () => {
  made = await provedBundle();
  desk = await logDesk();
  bundleId = blake3Text(await readFile(made.at('bundle.zip')));
  expect((await cap(['trust', 'add', made.at('trust.json'), '--log-key', LOG_KEY])).code).toBe(0);
});

async function judged(...argv: string[]) {
  const trust = ['--trust', made.at('trust.json')];
  const { code, out, err } = await cap(['verify', made.at('bundle.zip'), ...trust, ...argv, '--json']);
  if (code > 2) return { code, err };
  const report = JSON.parse(out) as Report;
  return { code, err, report, match: report.checks.find(({ id }) => id === 'registry.match')! };
}

describe('cap verify --receipt', () => {
  it('finds the entry of this bundle in the receipt, in each form', async () => {
    const receipt = testLog({ bundleId }).receipt(3, 7);
    for (const content of [json(receipt), tlogProof(receipt), { result: 'ok', receipt: json(receipt) }]) {
      const { report, match } = await judged('--receipt', await desk.put('receipt', content));
      expect(match).toMatchObject({ status: 'ok', expected: bundleId, actual: 'registered at 2025-11-04T10:00:00Z' });
      expect(report!.options).toEqual({ check_registry: true });
    }
  });

  it('judges the signer at the time of the log', async () => {
    // The fixture's key is valid from 2025-11-06 on.
    const { report } = await judged('--receipt', await desk.put('receipt', json(testLog({ bundleId }).receipt(3, 7))));
    expect(report!.checks.find(({ id }) => id === 'signer.validity')).toMatchObject({
      status: 'fail',
      actual: '2025-11-04T10:00:00.000Z',
    });
  });

  it('fails with the receipt of another bundle, or of a log that nobody trusts', async () => {
    const { code, match } = await judged('--receipt', await desk.put('receipt', json(testLog().receipt(3, 7))));
    expect([code, match]).toEqual([
      2,
      expect.objectContaining({ status: 'fail', actual: expect.stringMatching(/^a receipt of the bundle 0xabab/) }),
    ]);
    const stranger = testLog({ bundleId, origin: 'other.example/1' }).receipt(3, 7);
    const { match: unknown } = await judged('--receipt', await desk.put('receipt', json(stranger)));
    expect(unknown).toMatchObject({ status: 'fail', actual: expect.stringMatching(/^checkpoint\.log-unknown: /) });
  });

  it('checks no registry without it', async () => {
    const { report, match } = await judged();
    expect([match!.status, report!.options]).toEqual(['skipped', {}]);
  });

  it('says 65 for what is no receipt, 66 for no file', async () => {
    const { code, err } = await judged('--receipt', await desk.put('receipt', testLog().checkpoint(7)));
    expect([code, err]).toEqual([65, expect.stringContaining('receipt.malformed')]);
    expect((await judged('--receipt', desk.at('none'))).code).toBe(66);
    const doubled = JSON.stringify(json(testLog({ bundleId }).receipt(3, 7))).replace('{', '{"tree_size":9,');
    const twice = await judged('--receipt', await desk.put('receipt', doubled));
    expect([twice.code, twice.err]).toEqual([65, expect.stringContaining('duplicate member "tree_size"')]);
  });
});
