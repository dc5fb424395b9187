import { beforeAll, describe, expect, it } from '@jest/globals';
import { blake3Text, sha3Text, signEnvelope, type Digest } from '@cap/crypto';
import { jcs, type JsonObject } from '@cap/core';
import type { RoledFile } from '../../proof/src/bundle/write.js';
import { META_PAYLOAD_TYPE, type ProofUnit, readBundle } from '@cap/proof/bundle';
import { packBundle, encodeContainer, proverFor } from '@cap/proof/prove';
import { compilePolicy } from '@cap/policy';
import { messageOf } from './report/messages.js';
import { policyOf, RULES } from '../../proof/src/backends/proving.fixture.js';
import { bundleFromContext } from './bundle-context.js';
import type { VerificationSources } from './inputs.js';
import { mainFiles } from './inspect.js';
import {
  makeBundle,
  newSigner,
  NOW,
  signerRecord,
  sourcesFor,
  STATEMENT,
  tampered,
  trustStore,
  verify,
  type Made,
} from './verification.fixture.js';

let made: Made;
let sources: VerificationSources;
beforeAll(async () => {
  made = await makeBundle();
  sources = sourcesFor(made);
});

describe('the report', () => {
  it('names what was judged and by what', async () => {
    const { report, reportBytes, ...answer } = await verify(made.zip, sources, {
      audience: 'auditor',
      nonce: 'n-1',
      at: NOW,
    });
    const hashes = {
      bundle_id: blake3Text(made.zip),
      manifest_hash: sha3Text(made.files.get('manifest.json')!),
      proof_hash: sha3Text(made.files.get('proof.capz')!),
      policy_hash: made.policy.policy_hash,
      trust_hash: sources.trust!.hash,
    };
    expect(report).toMatchObject({
      schema: 'cap-report.v2',
      result: 'ok',
      ...hashes,
      accepted: { backends: ['disclosure', 'kzg-columns', 'mock'], allow_mock: true },
      options: { audience: 'auditor', nonce: 'n-1' },
      at: NOW,
    });
    expect(reportBytes).toEqual(jcs(report));
    expect(answer).toMatchObject({
      result: 'ok',
      reportHash: sha3Text(reportBytes),
      manifestHash: hashes.manifest_hash,
      proofHash: hashes.proof_hash,
      policyHash: hashes.policy_hash,
      signerKid: made.signer.kid,
    });
  });

  it('is the same to the byte wherever policy and lists come from', async () => {
    const { reportBytes } = await verify(made.zip, sources);
    const named = { ...sources, policy: { compiled: made.policy, status: 'active' as const } };
    expect((await verify(made.zip, named)).reportBytes).toEqual(reportBytes);
  });

  it('changes with the clock in statuses and result only', async () => {
    const rules = [{ ...RULES.clean, max_age_days: 20 }, RULES.few];
    const bundle = await makeBundle({ rules });
    const at = async (now: string) =>
      (await verify(bundle.zip, sourcesFor(bundle), { nonce: 'n-1', now: () => new Date(now) })).report;
    const early = await at('2026-01-16T00:00:00Z');
    const late = await at('2027-06-01T00:00:00Z');
    const statuses = (report: typeof early) =>
      report.checks.filter(({ status }) => status !== 'ok' && status !== 'skipped').map(({ id }) => id);
    expect([early.result, statuses(early)]).toEqual(['ok', []]);
    expect([late.result, statuses(late)]).toEqual([
      'fail',
      ['signer.validity', 'statement.time', 'lists.company', 'lists.age'],
    ]);
    const timeless = ({ result: _, checks, ...rest }: typeof early) => ({
      ...rest,
      checks: checks.map(({ status: _, ...check }) => check),
    });
    expect(timeless(late)).toEqual(timeless(early));
  });

  it('says until when it can stand', async () => {
    const until = async (now: string, options = {}) =>
      (await verify(made.zip, sources, { now: () => new Date(now), ...options })).validUntil?.toISOString() ?? null;
    expect(await until('2026-02-01T00:00:00Z')).toBe('2026-02-15T09:30:00.001Z');
    expect(await until('2026-03-01T00:00:00Z')).toBe('2026-12-31T00:00:00.001Z');
    expect(await until('2025-02-01T00:00:00Z')).toBe('2026-01-01T00:00:00.000Z');
    expect(await until('2028-02-01T00:00:00Z')).toBeNull();
    expect(await until('2026-02-01T00:00:00Z', { at: NOW })).toBeNull();
  });

  it('lists the accepted backends that are built in, sorted', async () => {
    const { report } = await verify(made.zip, sources, { accepted: ['mock', 'disclosure'] });
    expect(report.accepted.backends).toEqual(['disclosure', 'mock']);
  });

  it('does not grow with what a bundle claims', async () => {
    const nonce = 'n'.repeat(9_000);
    const bundle = await makeBundle({ statement: { ...STATEMENT, nonce } });
    const { report } = await verify(bundle.zip, sourcesFor(bundle), { nonce: 'n-1' });
    expect(report.checks.find(({ id }) => id === 'statement.nonce')!.actual!.length).toBeLessThan(1_100);
  });

  it('refuses half a character in _meta.json, with a report', async () => {
    const zip = tampered(made, {
      after: (files) =>
        files.set('_meta.json', Buffer.from(files.get('_meta.json')!.toString().replace('"n-1"', '"\\ud800"'))),
    });
    const { result, report } = await verify(zip, sources, { nonce: 'n-1' });
    expect(result).toBe('fail');
    const { status, actual } = report.checks.find(({ id }) => id === 'meta.schema')!;
    expect([status, actual]).toEqual(['fail', expect.stringContaining('lone surrogate')]);
  });
});

describe('options', () => {
  it.each([
    [{ checkTimestamp: true }, 'option.unsupported'],
    [{ requireTimestamp: true }, 'option.unsupported'],
    [{ checkRegistry: true }, 'option.unsupported'],
    [{ at: '2026-02-01' }, 'option.invalid'],
    [{ at: 'now' }, 'option.invalid'],
    [{ nonce: '\ud800' }, 'option.invalid'],
  ])('%j is refused', async (options, code) => {
    await expect(verify(made.zip, sources, options)).rejects.toMatchObject({ kind: 'usage', code });
  });

  it('a source that throws ends the verification with its error', async () => {
    const unreachable = () => {
      throw new Error('no connection');
    };
    await expect(verify(made.zip, { ...sources, policyByHash: unreachable })).rejects.toThrow('no connection');
  });
});

describe('the context form', () => {
  const context = (bundle: Made) => ({
    manifest: bundle.files.get('manifest.json')!.toString('base64'),
    proof: bundle.files.get('proof.capz')!.toString('base64'),
    signatures: JSON.parse(bundle.files.get('signatures.json')!.toString()) as JsonObject,
  });

  it('gets the zip’s verdict, but for the bundle id', async () => {
    const asObject = {
      ...context(made),
      manifest: JSON.parse(made.files.get('manifest.json')!.toString()) as JsonObject,
    };
    for (const form of [context(made), asObject]) {
      const { report } = await verify(bundleFromContext(form), sources);
      const { report: whole } = await verify(made.zip, sources);
      // The copies stay behind.
      const checks = whole.checks.map((check) =>
        check.id === 'files.copies' ? { ...check, status: 'skipped', message: messageOf(check.id, 'skipped') } : check,
      );
      expect(report).toEqual({ ...whole, checks, bundle_id: null });
    }
  });

  it('does not get away with another manifest', async () => {
    const manifest = JSON.parse(made.files.get('manifest.json')!.toString()) as JsonObject;
    const { report } = await verify(
      bundleFromContext({ ...context(made), manifest: { ...manifest, manifest_id: 'm-2' } }),
      sources,
    );
    const failed = report.checks.filter(({ status }) => status === 'fail').map(({ id }) => id);
    expect(failed).toEqual(['files.hash', 'proof.binding']);
  });

  it.each([0, 2])('with %i proof units is refused', (count) => {
    const form = context(made);
    const meta = JSON.parse(made.files.get('_meta.json')!.toString()) as { proof_units: object[] };
    meta.proof_units = Array.from({ length: count }, (_, i) => ({ ...meta.proof_units[0], id: `unit ${i}` }));
    const signatures = signEnvelope(META_PAYLOAD_TYPE, jcs(meta), [made.signer]) as unknown as JsonObject;
    expect(() => bundleFromContext({ ...form, signatures })).toThrow(
      expect.objectContaining({ code: 'request.schema', message: expect.stringContaining(`${count} proof units`) }),
    );
  });

  it('can not be matched with a registry', async () => {
    const asked = { ...sources, registryEntry: () => ({ registered_at: NOW }) };
    const { report } = await verify(bundleFromContext(context(made)), asked, { checkRegistry: true });
    expect(report.checks.find(({ id }) => id === 'registry.match')!.status).toBe('fail');
  });

  it.each<[string, Partial<ReturnType<typeof context>> | { manifest: JsonObject }, string]>([
    ['proof that is not base64', { proof: '…' }, 'request.schema'],
    ['manifest that is not base64', { manifest: '{}' }, 'request.schema'],
    ['signatures that are no envelope', { signatures: {} }, 'request.schema'],
    [
      'a payload that is not JSON',
      { signatures: { payload: 'e30', payloadType: 'x', signatures: [] } },
      'request.schema',
    ],
    [
      'a payload that is not JSON',
      { signatures: { payload: 'eyI=', payloadType: 'x', signatures: [] } },
      'bundle.unreadable',
    ],
  ])('refuses %s', (_, part, code) => {
    expect(() => bundleFromContext({ ...context(made), ...part })).toThrow(
      expect.objectContaining({ kind: 'input', code }),
    );
  });
});

describe('several proof units', () => {
  const unit = (
    id: string,
    bundle: Made,
    manifest_file: string,
    proof_file: string,
    depends_on: string[] = [],
  ): ProofUnit => ({
    id,
    manifest_file,
    proof_file,
    policy_hash: bundle.policy.policy_hash,
    backend: 'disclosure',
    vk_hash: `0x${'00'.repeat(32)}`,
    statement: bundle.statement,
    depends_on,
  });
  const file = (name: string, role: RoledFile['role'], bundle: Made, of: string): RoledFile => ({
    name,
    role,
    bytes: bundle.files.get(of)!,
  });
  const pack = (files: RoledFile[], units: ProofUnit[], signers = [made.signer]) =>
    packBundle({ label: 'several', createdAt: '2026-01-15T10:00:00Z', files, units, signers }).bytes;

  it('are all verified; the hashes are those of the last in dependency order', async () => {
    const other = await makeBundle({
      signer: made.signer,
      scenario: { ubos: [{ name: 'Ada Byron', birthdate: '1815-12-10', citizenship: 'GB' }] },
    });
    const files = [
      file('manifest.json', 'manifest', made, 'manifest.json'),
      file('proof.capz', 'proof', made, 'proof.capz'),
      file('second.json', 'manifest', other, 'manifest.json'),
      file('second.capz', 'proof', other, 'proof.capz'),
    ];
    // Listed first, judged last.
    const units = [
      unit('second', other, 'second.json', 'second.capz', ['first']),
      unit('first', made, 'manifest.json', 'proof.capz'),
    ];
    const { report } = await verify(pack(files, units), sources);
    expect(report).toMatchObject({
      result: 'ok',
      manifest_hash: sha3Text(other.files.get('manifest.json')!),
      proof_hash: sha3Text(other.files.get('proof.capz')!),
    });
    // What is shown of a bundle is what its hashes are of.
    expect(mainFiles((await readBundle(pack(files, units))).meta)).toEqual({
      manifest: 'second.json',
      proof: 'second.capz',
    });
  });

  it('are as old as the oldest list that one of them names, in whatever order', async () => {
    const sanctions = 'name,nationality\nSomebody Else,FR\n';
    const other = await makeBundle({ signer: made.signer, scenario: { sanctions } });
    const files = [
      file('manifest.json', 'manifest', made, 'manifest.json'),
      file('proof.capz', 'proof', made, 'proof.capz'),
      file('second.json', 'manifest', other, 'manifest.json'),
      file('second.capz', 'proof', other, 'proof.capz'),
    ];
    const lists = [...made.proving.context.referenceLists.values(), ...other.proving.context.referenceLists.values()];
    const newest = '2026-01-20';
    const of = (hash: string) =>
      hash === other.proving.context.referenceLists.get('sanctions')!.list.hash ? newest : '2026-01-01';
    const held = {
      ...sources,
      newestList: (id: string) => (id === 'sanctions' ? newest : null),
      referenceList: (hash: string) => {
        const named = lists.find(({ list }) => list.hash === hash);
        return named ? { id: named.id, list: named.list, as_of: of(hash), newest_as_of: of(hash) } : null;
      },
    };
    for (const ids of [
      ['first', 'second'],
      ['second', 'first'],
    ]) {
      const parts = {
        first: [made, 'manifest.json', 'proof.capz'],
        second: [other, 'second.json', 'second.capz'],
      } as const;
      const units = ids.map((id) => {
        const [bundle, manifest, proof] = parts[id as keyof typeof parts];
        return unit(id, bundle, manifest, proof);
      });
      const { report } = await verify(pack(files, units), held);
      expect(report.checks.find(({ id }) => id === 'lists.age')).toMatchObject({
        status: 'warn',
        actual: expect.stringContaining('sanctions: as of 2026-01-01, the newest is of 2026-01-20'),
      });
    }
  });

  it('fail together if one proof is of another manifest, and its rules hold for neither', async () => {
    // Equal lists, other salts: another manifest.
    const other = await makeBundle();
    const files = [
      file('manifest.json', 'manifest', made, 'manifest.json'),
      file('proof.capz', 'proof', made, 'proof.capz'),
      file('second.json', 'manifest', other, 'manifest.json'),
      file('second.capz', 'proof', made, 'proof.capz'),
    ];
    const units = [
      unit('first', made, 'manifest.json', 'proof.capz'),
      unit('second', made, 'second.json', 'second.capz'),
    ];
    const { report } = await verify(pack(files, units), sources);
    expect(report.result).toBe('fail');
    expect(report.checks.find(({ id }) => id === 'proof.binding')!.status).toBe('fail');
    expect(new Set(report.rules.map(({ status }) => status))).toEqual(new Set(['unproven']));
  });

  it('of one manifest add up: what is claimed in one and disclosed in the other is disclosed', async () => {
    const files = [
      file('manifest.json', 'manifest', made, 'manifest.json'),
      file('proof.capz', 'proof', made, 'proof.capz'),
      { name: 'claims.capz', role: 'proof' as const, bytes: await mockProofFor(made) },
    ];
    const units = [
      unit('shown', made, 'manifest.json', 'proof.capz'),
      { ...unit('claimed', made, 'manifest.json', 'claims.capz'), backend: 'mock' },
    ];
    const { report } = await verify(pack(files, units), sources);
    expect(new Set(report.rules.map(({ status }) => status))).toEqual(new Set(['disclosed']));
    expect(report.result).toBe('warn');
    expect(report.checks.find(({ id }) => id === 'proof.claimed-only')!.status).toBe('warn');
  });

  async function mockProofFor(bundle: Made): Promise<Uint8Array> {
    const parts = await proverFor(bundle.proving.context.manifest, 'mock').prove(
      { ...bundle.proving.context, statement: bundle.statement },
      bundle.proving.lists,
    );
    return encodeContainer({ backendId: 0, ...parts });
  }
});

describe('signatures', () => {
  it('by several trusted signers are all named', async () => {
    const second = newSigner();
    const zip = tampered(made, { signers: [made.signer, second] });
    const trust = trustStore({ signers: [signerRecord(made.signer), signerRecord(second)] as unknown as JsonObject[] });
    const { report, signerKid } = await verify(zip, { ...sources, trust });
    expect(report.result).toBe('ok');
    expect(report.checks.find(({ id }) => id === 'signature.valid')!.actual).toBe(`${made.signer.kid}, ${second.kid}`);
    expect(signerKid).toBe(made.signer.kid);
  });

  it('by an expired and a valid signer: the worse counts', async () => {
    const second = newSigner();
    const zip = tampered(made, { signers: [made.signer, second] });
    const trust = trustStore({
      signers: [
        signerRecord(made.signer),
        signerRecord(second, { valid_to: '2026-01-20T00:00:00Z' }),
      ] as unknown as JsonObject[],
    });
    expect(
      (await verify(zip, { ...sources, trust })).report.checks.find(({ id }) => id === 'signer.validity')!.status,
    ).toBe('warn');
  });
});

describe('trust in the caller’s sources', () => {
  it('asks the registry before trust.json, and the caller’s policy before both', async () => {
    const asked: Digest[] = [];
    const counting = { ...sources, policyByHash: (hash: Digest) => (asked.push(hash), null) };
    expect((await verify(made.zip, counting)).report.policy_hash).toBeNull();
    expect(asked).toEqual([made.policy.policy_hash]);
    await verify(made.zip, { ...counting, policy: { compiled: made.policy, status: 'active' } });
    expect(asked).toHaveLength(1);
  });

  it('does not ask the registry for an entry unless told to', async () => {
    const refuse = () => {
      throw new Error('asked');
    };
    expect((await verify(made.zip, { ...sources, registryEntry: refuse })).result).toBe('ok');
  });
});

describe('reference lists', () => {
  it('that the verifier holds as another one do not count', async () => {
    const made = await makeBundle();
    const sources = sourcesFor(made);
    const renamed = {
      ...sources,
      referenceList: async (hash: `0x${string}`) => {
        const held = await sources.referenceList!(hash);
        return held?.id === 'sanctions' ? { ...held, id: 'watch' } : held;
      },
    };
    const { report } = await verify(made.zip, renamed);
    const known = report.checks.find(({ id }) => id === 'lists.known');
    expect([report.result, known?.status, known?.actual]).toEqual(['fail', 'fail', 'known here as watch']);
    expect(report.rules.find(({ rule_id }) => rule_id === 'clean')?.status).toBe('unproven');
  });

  describe('of which entries can not be compared', () => {
    const asked = (inputs: JsonObject, rule: JsonObject) =>
      ({ status: 'active', compiled: compilePolicy({ ...policyOf(rule).document, inputs }) }) as const;
    const judged = async (sanctions: string, rule: JsonObject, inputs: JsonObject = {}) => {
      const bundle = await makeBundle({ rules: [RULES.few], scenario: { sanctions } });
      const { report } = await verify(bundle.zip, { ...sourcesFor(bundle), policy: asked(inputs, rule) });
      return { report, known: report.checks.find(({ id }) => id === 'lists.known')! };
    };

    it.each([
      ['none of them', 'name,nationality,id\nNoxious Ltd,,EX-1\n', '0 of 1 entries'],
      ['an empty one', 'name,nationality,id\n', '0 of 0 entries'],
    ])('%s: nobody can be found on it, whatever the proof says', async (_, sanctions, words) => {
      const { report, known } = await judged(sanctions, RULES.clean, { suppliers: { unmatchable_max: '1' } });
      expect([report.result, known.status, known.actual]).toEqual(['fail', 'fail', expect.stringContaining(words)]);
      expect(report.rules[0]).toMatchObject({
        status: 'unproven',
        message: { en: expect.stringContaining('No entry') },
      });
    });

    it('some of them is a warning with the numbers, unless the policy allows as many', async () => {
      const half = 'name,birthdate,nationality\nYevor Vespuzen,1953-10-20,EE\nNoxious Ltd,,RU\n';
      const { known, report } = await judged(half, RULES.cleanUbos);
      const words = '1 of 2 entries of sanctions can be compared with ubos by name and date of birth';
      expect([known.status, known.actual]).toEqual(['warn', words]);
      expect(report.lists).toMatchObject([
        {
          list: 'ubos',
          scheme: 'person',
          compared_by: 'name and date of birth',
          reference: { id: 'sanctions', hash: sha3Text(half), as_of: '2026-01-10', usable: 1, entries: 2 },
        },
      ]);
      const allowed = (unmatchable_max: string) => judged(half, RULES.cleanUbos, { ubos: { unmatchable_max } });
      expect((await allowed('0.5')).known.status).toBe('ok');
      expect((await allowed('0.499')).known.status).toBe('warn');
      expect((await judged(half, RULES.cleanUbos, { suppliers: { unmatchable_max: '1' } })).known.status).toBe('warn');
    });
  });
});
