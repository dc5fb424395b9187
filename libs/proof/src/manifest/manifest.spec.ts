import { createHash } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import type { Digest } from '@cap/crypto';
import type { JsonObject } from '@cap/core';
import {
  buildManifest,
  commitmentsFault,
  companyCommitmentRoot,
  manifestHash,
  parseManifest,
  TABLE_VERSIONS,
  type Commitment,
  type Manifest,
} from './manifest.js';

const digest = (byte: string): Digest => `0x${byte.repeat(32)}`;
// Of examples/vectors/commitment-empty.json.
const EMPTY_ROOT: Digest = '0xbfe0462ab3aeb03f48fc4770adfd8f59315d2f4c6960ac2c8f65b37129600d21';

const suppliers: Commitment = {
  list: 'suppliers',
  scheme: 'merkle-blake3.v3',
  id_scheme: 'name',
  ...TABLE_VERSIONS,
  root: digest('11'),
  count: 2,
};
const ubos: Commitment = {
  list: 'ubos',
  scheme: 'merkle-blake3.v3',
  id_scheme: 'person',
  ...TABLE_VERSIONS,
  root: digest('22'),
  count: 1,
};
const columns: Commitment = {
  list: 'suppliers',
  scheme: 'kzg-columns.v1',
  id_scheme: 'name',
  ...TABLE_VERSIONS,
  segments: [{ x: `0x${'a'.repeat(96)}`, r: `0x${'b'.repeat(96)}`, d: `0x${'c'.repeat(96)}` }],
};
const parts = {
  manifestId: '6f0c2f1e-4a53-4a59-9a40-1b1f6a3a6d2b',
  company: { name: 'Hallerwald AG' },
  createdAt: '2026-01-15T09:30:00Z',
  asOf: '2026-01-14',
  policy: { id: 'lksg', version: '1', policy_hash: digest('33') },
  commitments: [suppliers, ubos],
  referenceLists: [{ id: 'sanctions', hash: digest('44'), as_of: '2026-01-13' }],
  audit: { tail_digest: digest('55'), events_count: 1 },
};
const { manifest, bytes, hash } = buildManifest(parts);
const canonical =
  '{"as_of":"2026-01-14","audit":{"events_count":1,"tail_digest":"' + digest('55') + '"},' +
  '"commitments":[{"count":2,"countries":"ISO 3166-1:2020","id_scheme":"name","list":"suppliers","root":"' + digest('11') + '","scheme":"merkle-blake3.v3","unicode":"17.0.0"},' +
  '{"count":1,"countries":"ISO 3166-1:2020","id_scheme":"person","list":"ubos","root":"' + digest('22') + '","scheme":"merkle-blake3.v3","unicode":"17.0.0"}],' +
  '"company":{"name":"Hallerwald AG"},"company_commitment_root":"ROOT","created_at":"2026-01-15T09:30:00Z",' +
  '"manifest_id":"6f0c2f1e-4a53-4a59-9a40-1b1f6a3a6d2b","policy":{"hash":"' + digest('33') + '","id":"lksg","version":"1"},' +
  '"reference_lists":[{"as_of":"2026-01-13","hash":"' + digest('44') + '","id":"sanctions"}],"schema":"cap-manifest.v2"}'; // prettier-ignore
const sha3 = (text: string | Buffer): Digest => `0x${createHash('sha3-256').update(text).digest('hex')}`;

describe('cap-manifest.v2', () => {
  it('is JCS, named by the SHA3-256 of its bytes, with the hash of its commitments inside', () => {
    const commitments = canonical.slice(canonical.indexOf('[{"count"'), canonical.indexOf(',"company"'));
    expect(companyCommitmentRoot(parts.commitments)).toBe(sha3(commitments));
    const expected = canonical.replace('ROOT', sha3(commitments));
    expect(bytes.toString()).toBe(expected);
    expect(hash).toBe(sha3(expected));
    expect(manifestHash(bytes)).toBe(hash);
    expect(parseManifest(bytes)).toEqual(manifest);
  });

  const change = (path: string, value: unknown): Buffer => {
    const copy = structuredClone(manifest) as unknown as JsonObject;
    const keys = path.split('.');
    const last = keys.pop()!;
    const target = keys.reduce((object, key) => object[key] as JsonObject, copy);
    if (value === undefined) delete target[last];
    else target[last] = value as never;
    return Buffer.from(JSON.stringify(copy));
  };
  const faults: [string, unknown][] = [
    ['schema', 'cap-manifest.v3'],
    ['schema', undefined],
    ['manifest_id', ''],
    ['company', undefined],
    ['company.name', 7],
    ['company.owner', 'unknown member'],
    ['created_at', '2026-01-15T09:30:00+01:00'],
    ['created_at', '2026-02-30T09:30:00Z'],
    ['as_of', '14.01.2026'],
    ['policy.hash', 'sha3-256:' + '33'.repeat(32)],
    ['policy.version', undefined],
    ['commitments.0.root', digest('AA')],
    ['commitments.0.count', -1],
    ['commitments.0.count', 1.5],
    ['commitments.0.scheme', 'merkle-blake3.v1'],
    ['commitments.0.list', ''],
    ['company.name', 'ACME\u200b'],
    ['commitments.0.unicode', null],
    ['commitments.0.list', 7],
    ['commitments.0.id_scheme', 'email'],
    ['commitments.1.salt', '0x00'],
    ['company_commitment_root', null],
    ['reference_lists.0.as_of', '2026-13-01'],
    ['audit.events_count', '1'],
    ['signatures', []],
  ];
  it('refuses half a character, which has no bytes to be hashed', () => {
    expect(() => parseManifest(change('manifest_id', '\ud800'))).toThrow('manifest: a string with a lone surrogate');
  });

  it.each(faults)('refuses another %s (%j) and names it', (path, value) => {
    const named = path.replace(/\.(owner|salt)$/, '').replace(/^signatures$/, '');
    expect(() => parseManifest(change(path, value))).toThrow(
      expect.objectContaining({
        kind: 'input',
        code: 'manifest.schema',
        message: expect.stringMatching(`^manifest${named && `.${named}`.replaceAll('.', '\\.')}: `),
      }),
    );
  });

  it.each(['', '[]', 'null', '{', '"x"', '{"__proto__":{}}', '\uFEFF{}'])('refuses %j without crashing', (text) => {
    expect(() => parseManifest(Buffer.from(text))).toThrow(expect.objectContaining({ code: 'manifest.schema' }));
  });
});

describe('commitmentsFault', () => {
  const sealed = (changes: Partial<Manifest>): Manifest => {
    const changed = { ...manifest, ...changes };
    return { ...changed, company_commitment_root: companyCommitmentRoot(changed.commitments) };
  };
  it('finds none in a sound manifest', () => {
    expect(commitmentsFault(manifest)).toBeNull();
    const none = { ...suppliers, count: 0, root: EMPTY_ROOT };
    expect(commitmentsFault(sealed({ commitments: [ubos, none] }))).toBeNull();
    expect(commitmentsFault(sealed({ commitments: [columns, ubos] }))).toBeNull();
  });
  it('finds commitments that the root does not cover', () => {
    expect(commitmentsFault({ ...manifest, commitments: [suppliers] })).toMatchObject({
      expected: companyCommitmentRoot([suppliers]),
      actual: manifest.company_commitment_root,
    });
  });
  const faulty: [string, Partial<Manifest>, string][] = [
    [
      'a list that is committed to twice',
      { commitments: [suppliers, { ...suppliers, count: 3 }, ubos] },
      'commitments of suppliers',
    ],
    ['the same under another scheme', { commitments: [suppliers, columns, ubos] }, 'commitments of suppliers'],
    ['another Unicode version', { commitments: [{ ...suppliers, unicode: '16.0.0' }, ubos] }, 'version of unicode'],
    [
      'another table of countries',
      { commitments: [suppliers, { ...ubos, countries: '2013' }] },
      'version of countries',
    ],
    ['a list that is not committed to', { commitments: [suppliers] }, 'commitments of ubos'],
    ['no commitment', { commitments: [] }, 'commitments of suppliers'],
    ['another list', { commitments: [suppliers, ubos, { ...ubos, list: 'customers' as never }] }, 'no such list'],
    [
      'rows under the empty root',
      { commitments: [ubos, { ...suppliers, root: EMPTY_ROOT }] },
      'count and root disagree',
    ],
    ['no rows under another root', { commitments: [ubos, { ...suppliers, count: 0 }] }, 'count and root disagree'],
    [
      'suppliers with birthdates',
      { commitments: [ubos, { ...suppliers, id_scheme: 'person' }] },
      'no such identifier scheme',
    ],
    [
      'two reference lists of one id',
      { reference_lists: [...manifest.reference_lists, ...manifest.reference_lists] },
      'the id sanctions',
    ],
  ];
  it.each(faulty)('finds %s', (_, changes, reason) => {
    expect(commitmentsFault(sealed(changes))?.reason).toContain(reason);
  });
  it('keeps a faulty manifest from being built', () => {
    expect(() => buildManifest({ ...parts, commitments: [suppliers, suppliers] })).toThrow('commitments of suppliers');
    expect(() => buildManifest({ ...parts, asOf: 'today' })).toThrow('manifest.as_of');
  });
});
