import { beforeAll, describe, expect, it } from '@jest/globals';
import { jcs, type JsonObject } from '@cap/core';
import { kidOfText, publicKeyText, type PublicKeyText } from '@cap/crypto';
import type { BackendName } from '@cap/proof';
import type { BundleSigner } from '../../proof/src/bundle/write.js';
import { readBundle } from '@cap/proof/bundle';
import { packBundle } from '@cap/proof/prove';
import { bundleFromContext } from './bundle-context.js';
import type { CheckId } from './report/checks.js';
import type { TrustedSignerRecord } from './trust/trust-document.js';
import type { VerificationOptions } from './inputs.js';
import {
  makeBundle,
  newSigner,
  signerRecord,
  sourcesFor,
  tampered,
  trustStore,
  verify,
  type Made,
} from './verification.fixture.js';

const [anna, ben] = [newSigner(), newSigner()];

type Record = Partial<TrustedSignerRecord>;
const trusting = (...signers: [BundleSigner, Record?][]) =>
  trustStore({ signers: signers.map(([signer, more]) => signerRecord(signer, more)) as unknown as JsonObject[] });
const BOTH = trusting([anna], [ben]);

async function judged(
  made: Made,
  zip: Buffer | ReturnType<typeof bundleFromContext>,
  trust = BOTH,
  options: Partial<VerificationOptions> = {},
) {
  const { report, signerKid } = await verify(zip, sourcesFor(made, { trust }), options);
  const check = (id: CheckId) => report.checks.find((other) => other.id === id)!;
  const failed = report.checks.filter(({ status }) => status === 'fail').map(({ id }) => id);
  return { result: report.result, failed, check, signerKid };
}

describe.each<BackendName>(['mock', 'disclosure', 'kzg-columns'])('a proof of %s that Anna made', (backend) => {
  let made: Made;
  let usual: string;
  beforeAll(async () => {
    made = await makeBundle({ backend, signer: anna });
    usual = backend === 'mock' ? 'warn' : 'ok';
  }, 60_000);

  it.each<[string, Partial<VerificationOptions>]>([
    ['', {}],
    [' with the audience and nonce asked for', { audience: 'auditor', nonce: 'n-1' }],
  ])('is worth nothing under the signature of Ben, who is trusted too%s', async (_, options) => {
    expect(await judged(made, made.zip, BOTH, options)).toMatchObject({
      result: usual,
      failed: [],
      signerKid: anna.kid,
    });
    const stolen = await judged(made, tampered(made, { signers: [ben] }), BOTH, options);
    expect(stolen).toMatchObject({ result: 'fail', failed: ['statement.signer'], signerKid: null });
    expect(stolen.check('statement.signer')).toMatchObject({
      expected: `a valid signature by ${anna.kid}`,
      actual: ben.kid,
    });
  });

  it('does not become the proof of Ben by his name in its statement', async () => {
    const renamed = tampered(made, {
      meta: ({ proof_units }) => (proof_units[0]!.statement.signer = publicKeyText(ben.publicKey)),
      signers: [ben],
    });
    const { result, failed } = await judged(made, renamed);
    expect([result, failed[0]]).toEqual(['fail', 'proof.binding']);
    expect(failed).not.toContain('statement.signer');
  });

  it('may be signed by Ben as well, and stays the proof of Anna in either order', async () => {
    for (const signers of [
      [anna, ben],
      [ben, anna],
    ])
      expect(await judged(made, tampered(made, { signers }))).toMatchObject({
        result: usual,
        failed: [],
        signerKid: anna.kid,
      });
  });
});

describe('the signer of the statement', () => {
  let made: Made;
  beforeAll(async () => {
    made = await makeBundle({ signer: anna });
  });

  it('is asked for in the context form too', async () => {
    const { files: stolen } = await readBundle(tampered(made, { signers: [ben] }));
    const context = {
      manifest: stolen.get('manifest.json')!.toString('base64'),
      proof: stolen.get('proof.capz')!.toString('base64'),
      signatures: JSON.parse(stolen.get('signatures.json')!.toString()) as JsonObject,
    };
    expect(await judged(made, bundleFromContext(context))).toMatchObject({ failed: ['statement.signer'] });
  });

  it.each<[string, (statement: { signer?: string }) => void]>([
    ['left out', (statement) => delete statement.signer],
    ['in capitals', (statement) => (statement.signer = `0x${statement.signer!.slice(2).toUpperCase()}`)],
    ['a key id', (statement) => (statement.signer = anna.kid)],
  ])('is no key when it is %s', async (_, change) => {
    const zip = tampered(made, { meta: ({ proof_units }) => change(proof_units[0]!.statement), signers: [anna] });
    expect(await judged(made, zip)).toMatchObject({ result: 'fail', failed: ['meta.schema'] });
  });

  it('is nobody whose signatures anybody can make', async () => {
    // Under the neutral element of the curve, R = it and S = 0 verify for every message.
    const nobody: PublicKeyText = `0x01${'00'.repeat(31)}`;
    const anybodys = await makeBundle({ statement: { issued_at: '2026-01-15T09:30:00Z', ...{ signer: nobody } } });
    const zip = tampered(anybodys, {
      after: (files) => {
        const envelope = JSON.parse(files.get('signatures.json')!.toString()) as { signatures: JsonObject[] };
        const sig = Buffer.concat([Buffer.from(nobody.slice(2), 'hex'), Buffer.alloc(32)]).toString('base64');
        envelope.signatures = [{ keyid: kidOfText(nobody), sig, public_key: nobody }];
        files.set('signatures.json', jcs(envelope as unknown as JsonObject));
      },
    });
    expect(await judged(anybodys, zip)).toMatchObject({ result: 'fail', failed: ['signature.valid'] });
    const record = { ...signerRecord(anna), kid: kidOfText(nobody), public_key: nobody } as unknown as JsonObject;
    expect(() => trustStore({ signers: [record] })).toThrow(/small order/);
  });

  it('gains nothing from the good name of a co-signer, nor he from its', async () => {
    const zip = tampered(made, { signers: [ben, anna] });
    const bad: [string, Record, 'signer.trusted' | 'signer.validity', string][] = [
      ['revoked', { revoked_at: '2026-01-16T00:00:00Z' }, 'signer.trusted', 'fail'],
      ['expired', { valid_to: '2026-01-31T00:00:00Z' }, 'signer.validity', 'warn'],
    ];
    for (const [what, record, id, status] of bad)
      for (const trust of [trusting([anna, record], [ben]), trusting([anna], [ben, record])]) {
        const { check, result } = await judged(made, zip, trust);
        expect([what, result, check(id).status]).toEqual([what, status, status]);
        // The statement's signer is named whoever it is that is not as he should be.
        const { expected, actual } = check(id);
        expect(`${expected} ${actual}`).toContain(anna.kid);
      }
    const unknown = await judged(made, zip, trusting([ben]));
    expect(unknown.result).toBe('warn');
    expect(unknown.check('signer.trusted')).toMatchObject({
      status: 'warn',
      actual: `${anna.kid}: not in the trust store; ${ben.kid} (Compliance)`,
    });
    expect(unknown.check('signer.validity').status).toBe('skipped');
    const stranger = await judged(made, zip, trusting([anna]));
    expect(stranger.check('signer.trusted')).toMatchObject({
      status: 'warn',
      actual: `${anna.kid} (Compliance); ${ben.kid}: not in the trust store`,
    });
    expect(stranger.check('signer.validity').status).toBe('ok');
  });
});

describe('the company that the manifest names', () => {
  const ACME = { name: 'Zürich Metall AG', lei: '5299000J2N45DDNE4Y28' };
  let made: Made;
  beforeAll(async () => {
    made = await makeBundle({ signer: anna, scenario: { company: ACME } });
  });

  it.each<[string, Record['company'], string]>([
    ['is the one of the key', ACME, 'ok'],
    ['is spelled in another normal form', { ...ACME, name: ` ${ACME.name.normalize('NFD')} ` }, 'ok'],
    ['is not known to the trust store', undefined, 'warn'],
    ['is known without its LEI', { name: ACME.name }, 'warn'],
    ['is known without its name', { lei: ACME.lei }, 'warn'],
    ['has another name', { ...ACME, name: 'Zurich Metall AG' }, 'warn'],
    ['has a name that only looks the same', { ...ACME, name: 'Zürich\u200b Metall AG' }, 'warn'],
    ['has another LEI', { ...ACME, lei: '5299000J2N45DDNE4Y29' }, 'warn'],
  ])('%s: %s', async (_, company, result) => {
    const trust = trusting([anna, company ? { company } : {}]);
    const { result: verdict, check } = await judged(made, made.zip, trust);
    expect([verdict, check('signer.trusted').status]).toEqual([result, result]);
    if (result === 'warn') expect(check('signer.trusted').actual).toContain(ACME.name);
  });

  it('is not made good by the company of a co-signer', async () => {
    const zip = tampered(made, { signers: [ben, anna] });
    const { check } = await judged(made, zip, trusting([anna], [ben, { company: ACME }]));
    expect(check('signer.trusted').status).toBe('warn');
  });

  it('may be left out, whatever the trust store knows', async () => {
    const nameless = await makeBundle({ signer: anna });
    expect((await judged(nameless, nameless.zip, trusting([anna, { company: ACME }]))).result).toBe('ok');
  });
});

describe('several proof units', () => {
  const packed = (bundles: Made[], signers: BundleSigner[]) =>
    packBundle({
      label: 'several',
      createdAt: '2026-01-15T10:00:00Z',
      signers,
      files: bundles.flatMap(({ files }, i) => [
        { name: `m${i}.json`, role: 'manifest' as const, bytes: files.get('manifest.json')! },
        { name: `p${i}.capz`, role: 'proof' as const, bytes: files.get('proof.capz')! },
      ]),
      units: bundles.map(({ policy, statement }, i) => ({
        id: `u${i}`,
        manifest_file: `m${i}.json`,
        proof_file: `p${i}.capz`,
        policy_hash: policy.policy_hash,
        backend: 'disclosure',
        vk_hash: `0x${'00'.repeat(32)}`,
        statement,
        depends_on: [],
      })),
    }).bytes;

  it('of two signers fail, though both signed', async () => {
    const bundles = [await makeBundle({ signer: anna }), await makeBundle({ signer: ben })];
    const { result, failed, check } = await judged(bundles[0]!, packed(bundles, [anna, ben]));
    expect([result, failed]).toEqual(['fail', ['meta.units']]);
    expect(check('meta.units').actual).toBe(`u0: ${anna.kid}; u1: ${ben.kid}`);
  });

  it('are each of the signer: one stolen proof fails all', async () => {
    const own = await makeBundle({ signer: ben });
    const stolen = await makeBundle({ signer: anna });
    const { failed } = await judged(own, packed([own, stolen], [ben]));
    expect(failed).toEqual(['meta.units', 'statement.signer']);
  });

  it('of two companies fail', async () => {
    const company = (name: string) => makeBundle({ signer: anna, scenario: { company: { name } } });
    const bundles = [await company('ACME'), await company('ACME Holding')];
    const { failed, check } = await judged(bundles[0]!, packed(bundles, [anna]));
    expect(failed).toEqual(['meta.units']);
    expect(check('meta.units').actual).toBe('m0.json: ACME; m1.json: ACME Holding');
    const unnamed = [await company('ACME'), await makeBundle({ signer: anna })];
    expect((await judged(unnamed[0]!, packed(unnamed, [anna]))).failed).toEqual(['meta.units']);
  });
});
