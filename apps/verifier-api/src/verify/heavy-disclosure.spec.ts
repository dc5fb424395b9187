import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { jcs } from '@cap/core';
import { publicKeyText, sha3Text } from '@cap/crypto';
import { MAX_LEAVES, statementDigest } from '../../../../libs/proof/src/backends/proving.fixture.js';
import { encodeContainer, packBundle } from '@cap/proof/prove';
import { readBundle, type BundleMeta } from '@cap/proof/bundle';
import { TestVerifier } from '../verifier.fixture.js';

let api: TestVerifier;
beforeAll(async () => {
  api = await TestVerifier.start({ server: { workers: 0 }, verification: { timeout_seconds: 0.01 } });
});
afterAll(() => api?.stop());

/** As many disclosures as a bundle may have, of as many leaves as one may: parsing and hashing for far longer than the service waits. */
async function heavyBundle(): Promise<Buffer> {
  const { files } = await readBundle((await api.prover.bundle()).bytes);
  const manifest = JSON.parse(files.get('manifest.json')!.toString()) as { commitments: Record<string, unknown>[] };
  Object.assign(
    manifest.commitments.find(({ list }) => list === 'suppliers')!,
    { count: MAX_LEAVES },
  );
  const bytes = jcs(manifest as never);
  const [unit] = (JSON.parse(files.get('_meta.json')!.toString()) as BundleMeta).proof_units;
  const statement = { signer: publicKeyText(api.prover.key.publicKey), issued_at: '2026-01-16T00:00:00Z' };
  const manifestHash = sha3Text(bytes);
  const payload = jcs({
    schema: 'cap-disclosure.v1',
    statement_digest: statementDigest('disclosure', { manifestHash, policyHash: unit!.policy_hash, statement }),
    lists: [
      {
        list: 'suppliers',
        leaf_hashes: Array.from({ length: MAX_LEAVES }, (_, i) => `0x${i.toString(16).padStart(64, '0')}`),
        rows: [],
      },
    ],
  });
  const zeros = Buffer.alloc(32);
  const proof = encodeContainer({ backendId: 3, vkHash: zeros, paramsHash: zeros, payload });
  const proofs = Array.from({ length: 8 }, (_, i) => `proof${i}.capz`);
  return packBundle({
    label: 'heavy',
    createdAt: '2026-01-16T00:00:00Z',
    files: [
      { name: 'manifest.json', role: 'manifest', bytes },
      ...proofs.map((name) => ({ name, role: 'proof' as const, bytes: proof })),
    ],
    units: proofs.map((name, i) => ({
      ...unit!,
      id: `u${i}`,
      manifest_file: 'manifest.json',
      proof_file: name,
      statement,
    })),
    signers: [api.prover.key],
  }).bytes;
}

describe('a disclosure that is much work', () => {
  it('is given up when its time is over, even without threads: the main thread sees that between two proofs', async () => {
    const { status, body } = await api.as().zip('/verify', await heavyBundle());
    expect([status, body.code]).toEqual([504, 'timeout']);
  });
});
