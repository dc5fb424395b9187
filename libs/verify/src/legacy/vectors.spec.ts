import { describe, expect, it } from '@jest/globals';
import { blake3Text, sha3Text } from '@cap/crypto';
import {
  companyRoot,
  EMPTY_ROOT,
  manifestNames,
  readLegacyManifest,
  signedMessage,
  type LegacyManifest,
} from './manifest.js';
import { legacyFiles, leafOf, rootOf, SUPPLIER_ROOT, UBO_ROOT } from './legacy.fixture.js';

function manifestOf(bytes: Buffer): LegacyManifest {
  const read = readLegacyManifest(bytes, 'manifest.json');
  if ('fault' in read) throw new Error(read.fault);
  return read.value;
}

describe('the older program’s formats', () => {
  it('hash a row as compact JSON in column order', () => {
    expect(leafOf({ name: 'ACME GmbH', jurisdiction: 'DE', tier: 1 })).toBe(
      '0x31942afffb1e91955bc3ba208797f071874c442f4133bb9e49cce062580b40d3',
    );
  });

  it('know an empty list by the hash of nothing', () => {
    expect(EMPTY_ROOT).toBe('0xaf1349b9f5f9a1a6a0404dea36dcc9499bcb25c9adc112b7cc9a93cae41f3262');
    expect(rootOf([])).toBe(EMPTY_ROOT);
  });

  it('join the two roots as texts, suppliers first', () => {
    expect(companyRoot({ supplier_root: SUPPLIER_ROOT, ubo_root: UBO_ROOT })).toBe(
      blake3Text(`${SUPPLIER_ROOT}${UBO_ROOT}`),
    );
    expect(companyRoot({ supplier_root: UBO_ROOT, ubo_root: SUPPLIER_ROOT })).not.toBe(
      companyRoot({ supplier_root: SUPPLIER_ROOT, ubo_root: UBO_ROOT }),
    );
  });

  it('sign and name a manifest as it stood before signing, members in their order and without white space', () => {
    const bytes = legacyFiles().get('manifest.json')!;
    const manifest = manifestOf(bytes);
    expect(manifest.signatures).toHaveLength(1);
    const message =
      `{"version":"manifest.v1.0","created_at":"2025-11-06T12:00:00+00:00","supplier_root":"${SUPPLIER_ROOT}",` +
      `"ubo_root":"${UBO_ROOT}","company_commitment_root":"${blake3Text(SUPPLIER_ROOT, UBO_ROOT)}",` +
      `"policy":{"name":"Grundregeln","version":"lksg.v1","hash":"${manifest.policy.hash}"},` +
      `"audit":{"tail_digest":"0x${'11'.repeat(32)}","events_count":4},"proof":{"type":"mock","status":"ok"},"signatures":[]}`;
    expect(signedMessage(manifest)).toBe(message);
    expect(manifestNames(manifest, bytes, 'proof.v0')).toContain(sha3Text(message));
    expect(manifestNames(manifest, bytes, 'proof.v1')).toEqual([
      blake3Text(bytes),
      blake3Text(JSON.stringify(JSON.parse(message), null, 2)),
    ]);
  });

  it('have one name for a manifest that was never signed', () => {
    const bytes = legacyFiles({ signers: [] }).get('manifest.json')!;
    expect(manifestNames(manifestOf(bytes), bytes, 'proof.v0')).toHaveLength(1);
    expect(manifestNames(manifestOf(bytes), bytes, 'proof.v1')).toEqual([blake3Text(bytes)]);
  });
});
