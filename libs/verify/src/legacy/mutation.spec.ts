import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { isCapError, jcs } from '@cap/core';
import { readBundle } from '@cap/proof/bundle';
import { CHECK_IDS } from '../report/checks.js';
import type { VerificationSources } from '../inputs.js';
import { signerRecord, trustStore, verify, zipped } from '../verification.fixture.js';
import { legacyFiles, POLICY, signer, type LegacyRecipe } from './legacy.fixture.js';

const SOURCES: VerificationSources = {
  policy: null,
  policyByHash: () => ({ compiled: POLICY, status: 'active' }),
  trust: trustStore({ signers: [signerRecord(signer)] as never[] }),
};
const RECIPES: LegacyRecipe[] = [
  {},
  { manifestVersion: 'manifest.v0', proofVersion: 'proof.v1' },
  { container: 'pair' },
  { container: 'pair', proofVersion: 'proof.v1' },
];
const bundles = RECIPES.map((recipe) => legacyFiles(recipe));

/** The bundle ends in a verdict that is no better than `warn`, or it could not be read at all. */
async function judged(files: ReadonlyMap<string, Buffer>): Promise<'warn' | 'fail' | 'unreadable'> {
  const bundle = await readBundle(zipped(files)).catch((error: unknown) => {
    if (!isCapError(error)) throw error;
    expect(error.code).toMatch(/^bundle\./u);
    return null;
  });
  if (bundle === null) return 'unreadable';
  const { report, reportBytes } = await verify(bundle, SOURCES);
  expect(report.checks.map(({ id }) => id)).toEqual(CHECK_IDS);
  expect(reportBytes.equals(jcs(report))).toBe(true);
  if (report.result === 'ok') throw new Error('a bundle of the older program was found ok');
  return report.result;
}

const anyFile = fc
  .constantFrom(...bundles)
  .chain((files) => fc.record({ files: fc.constant(files), name: fc.constantFrom(...files.keys()) }));
const changed = (files: ReadonlyMap<string, Buffer>, name: string, bytes: Buffer) => new Map(files).set(name, bytes);

/** Text inside the base64 of a proof.v0 is what a writer would change, so members are looked for there too. */
const isBase64 = (bytes: Buffer) => !bytes.toString().startsWith('{');
const opened = (bytes: Buffer): string =>
  (isBase64(bytes) ? Buffer.from(bytes.toString(), 'base64') : bytes).toString();
const closed = (text: string, like: Buffer): Buffer =>
  Buffer.from(isBase64(like) ? Buffer.from(text).toString('base64') : text);

type Node = Record<string, unknown>;
/** Every member and element below a value, with what holds it. */
function members(value: unknown): { parent: Node; key: string }[] {
  if (value === null || typeof value !== 'object') return [];
  return Object.keys(value).flatMap((key) => [{ parent: value as Node, key }, ...members((value as Node)[key])]);
}

describe('bundles of the older program, changed at random', () => {
  it('are a warning as long as nothing was changed', async () => {
    for (const files of bundles) expect(await judged(files)).toBe('warn');
  });

  it('fail whichever byte of a listed file was flipped, and are never ok for any other', async () => {
    await fc.assert(
      fc.asyncProperty(anyFile, fc.nat(), fc.integer({ min: 1, max: 255 }), async ({ files, name }, at, mask) => {
        const bytes = Buffer.from(files.get(name)!);
        bytes[at % bytes.length]! ^= mask;
        const result = await judged(changed(files, name, bytes));
        if (files.has('_meta.json') && name !== '_meta.json') expect(result).toBe('fail');
      }),
      { numRuns: 300 },
    );
  });

  it('end in a verdict whatever stands at a member', async () => {
    const value = fc.oneof(
      fc.jsonValue({ maxDepth: 3 }),
      fc.constantFrom(
        null,
        '',
        0,
        -1,
        1e308,
        true,
        [],
        {},
        '\ud800',
        '__proto__',
        'constructor',
        `0x${'00'.repeat(32)}`,
      ),
    );
    const act = fc.oneof(
      value.map((to) => ({ to })),
      fc.constant('delete' as const),
      fc.constant('double' as const),
    );
    await fc.assert(
      fc.asyncProperty(anyFile, fc.nat(), act, async ({ files, name }, at, change) => {
        const bytes = files.get(name)!;
        const document = JSON.parse(opened(bytes)) as Node;
        const all = members(document);
        const { parent, key } = all[at % all.length]!;
        if (change === 'delete') delete parent[key];
        else if (change === 'double') parent[`${key}2`] = parent[key];
        else parent[key] = change.to;
        await judged(changed(files, name, closed(JSON.stringify(document), bytes)));
      }),
      { numRuns: 500 },
    );
  });

  it('end in a verdict whatever bytes a file has', async () => {
    const content = fc.oneof(
      fc.uint8Array({ maxLength: 200 }).map((bytes) => Buffer.from(bytes)),
      fc.json({ maxDepth: 4 }).map((text) => Buffer.from(text)),
      fc.json({ maxDepth: 4 }).map((text) => Buffer.from(Buffer.from(text).toString('base64'))),
    );
    await fc.assert(
      fc.asyncProperty(anyFile, content, async ({ files, name }, bytes) => {
        await judged(changed(files, name, bytes));
      }),
      { numRuns: 300 },
    );
  });

  it('do not hold together when parts of different bundles are put together', async () => {
    const others = [
      legacyFiles({
        container: 'pair',
        manifest: (manifest) => void (manifest.created_at = '2025-12-01T00:00:00+00:00'),
      }),
      legacyFiles({
        container: 'pair',
        manifest: (manifest) => void (manifest.audit = { tail_digest: '0x0', events_count: 0 }),
      }),
    ];
    for (const name of ['manifest.json', 'proof.dat'])
      expect(await judged(changed(others[0]!, name, others[1]!.get(name)!))).toBe('fail');
  });
});
