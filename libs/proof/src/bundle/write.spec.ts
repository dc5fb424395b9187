import { beforeAll, describe, expect, it } from '@jest/globals';
import yauzl from 'yauzl';
import { blake3Text, sha3Text } from '@cap/crypto';
import { jcs } from '@cap/core';
import { makeBundle, type Made } from '../../../verify/src/verification.fixture.js';
import { readBundle } from './read.js';
import { META_PAYLOAD_TYPE, packBundle, writeBundle, type BundleParts } from './write.js';

let made: Made;
let parts: BundleParts;
beforeAll(async () => {
  made = await makeBundle();
  parts = {
    label: 'January',
    createdAt: '2026-01-15T10:00:00Z',
    manifest: made.files.get('manifest.json')!,
    proof: made.files.get('proof.capz')!,
    statement: made.statement,
    policy: made.files.get('policy.json')!,
    disclosure: Buffer.from('{}'),
    references: { 'sanctions.csv': Buffer.from('name\n'), 'jurisdictions.csv': Buffer.from('iso_code,risk_level\n') },
    readme: 'What is in here.',
    signers: [made.signer],
  };
});

describe('writeBundle', () => {
  it('writes the files in the order of the format, and lists all but itself and the signatures', async () => {
    const { bytes, bundleId, meta } = writeBundle(parts);
    const zip = await yauzl.fromBufferPromise(bytes);
    const names: string[] = [];
    for await (const { fileName } of zip.eachEntry()) names.push(fileName);
    expect(names).toEqual([
      '_meta.json',
      'manifest.json',
      'proof.capz',
      'policy.json',
      'disclosure.json',
      'reference/jurisdictions.csv',
      'reference/sanctions.csv',
      'README.txt',
      'signatures.json',
    ]);
    expect(Object.keys(meta.files).sort()).toEqual(names.slice(1, -1).sort());
    expect(meta.files['manifest.json']).toEqual({
      role: 'manifest',
      hash: sha3Text(parts.manifest),
      size: parts.manifest.length,
      content_type: 'application/json',
    });
    expect(meta.proof_units).toEqual([
      {
        id: 'main',
        manifest_file: 'manifest.json',
        proof_file: 'proof.capz',
        policy_hash: made.policy.policy_hash,
        backend: 'disclosure',
        vk_hash: `0x${'00'.repeat(32)}`,
        statement: made.statement,
        depends_on: [],
      },
    ]);
    expect(bundleId).toBe(blake3Text(bytes));
    expect((await readBundle(bytes)).bundleId).toBe(bundleId);
  });

  it('signs exactly the bytes of _meta.json, which are canonical', async () => {
    const { files, meta } = await readBundle(writeBundle(parts).bytes);
    const envelope = JSON.parse(files.get('signatures.json')!.toString()) as { payload: string; payloadType: string };
    expect(envelope.payloadType).toBe(META_PAYLOAD_TYPE);
    expect(Buffer.from(envelope.payload, 'base64')).toEqual(files.get('_meta.json'));
    expect(jcs(meta)).toEqual(files.get('_meta.json'));
  });

  it('gives equal bytes for equal parts, and takes the time of the entries from SOURCE_DATE_EPOCH', () => {
    const { bytes } = writeBundle(parts);
    expect(writeBundle(parts).bytes).toEqual(bytes);
    expect(writeBundle({ ...parts, sourceDateEpoch: Date.parse(parts.createdAt) / 1_000 }).bytes).toEqual(bytes);
    const later = writeBundle({ ...parts, sourceDateEpoch: Date.parse('2026-02-15T10:00:00Z') / 1_000 });
    expect(later.meta).toEqual(writeBundle(parts).meta);
    expect(later.bytes).not.toEqual(bytes);
  });

  it('refuses parts that have no valid form', () => {
    const refused = (more: Partial<BundleParts>) => () => writeBundle({ ...parts, ...more });
    expect(refused({ manifest: Buffer.from('{}') })).toThrow(expect.objectContaining({ code: 'manifest.schema' }));
    expect(refused({ proof: Buffer.from('CAPZ') })).toThrow(expect.objectContaining({ code: 'proof.container' }));
    expect(refused({ createdAt: 'today' })).toThrow(expect.objectContaining({ code: 'meta.schema' }));
    expect(refused({ references: { '../x.csv': Buffer.alloc(1) } })).toThrow(
      expect.objectContaining({ code: 'meta.schema' }),
    );
    const unbuilt = Buffer.from(parts.proof).fill(1, 6, 7);
    expect(refused({ proof: unbuilt })).toThrow(expect.objectContaining({ code: 'proof.unsupported' }));
  });
});

it('packBundle refuses proof units that no verifier would accept', () => {
  const pack = () => packBundle({ label: '', createdAt: parts.createdAt, files: [], units: [], signers: [] });
  expect(pack).toThrow(expect.objectContaining({ code: 'meta.units' }));
});
