import { beforeAll, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { isCapError, jcsText, type JsonObject, type JsonValue } from '@cap/core';
import { sha3Text } from '@cap/crypto';
import { decodeContainer } from '@cap/proof';
import { companyCommitmentRoot } from '../../proof/src/manifest/manifest.js';
import { kzgColumns } from '../../proof/src/backends/kzg-columns/kzg-columns.js';
import type { Commitment, Manifest } from '@cap/proof/manifest';
import { encodeContainer, provers } from '@cap/proof/prove';
import { makeBundle, sourcesFor, tampered, verify, type Made } from './verification.fixture.js';
import type { VerificationOptions, VerificationSources } from './inputs.js';
import type { CheckId } from './report/checks.js';
import { policyOf, proving, RULES, SUPPLIERS } from '../../proof/src/backends/proving.fixture.js';
import { provingColumns, withCommitments } from '../../proof/src/backends/kzg-columns/proving-columns.fixture.js';

const { few, owned, clean, safe } = RULES;

async function refusal(work: Promise<unknown>) {
  const error: unknown = await work.then(
    () => null,
    (reason) => reason,
  );
  if (!isCapError(error)) throw new Error('not refused', { cause: error });
  return error;
}

const prover = provers.find(({ backend }) => backend.name === 'kzg-columns')!;

describe('the zero-knowledge prover', () => {
  it('refuses a false policy and names rule and rows', async () => {
    const suppliers = [...SUPPLIERS, { name: 'Noxious Ltd', jurisdiction: 'RU', tier: 1 }];
    const { context, lists } = await provingColumns(policyOf(few, clean, safe), { suppliers });
    const error = await refusal(prover.prove(context, lists));
    expect(error).toMatchObject({ kind: 'refused', code: 'proof.false-statement' });
    expect(error.message).toMatch(/rule clean does not hold: suppliers line \d+ \("Noxious Ltd"\)/);
    expect(error.message).toMatch(/rule safe .*suppliers line/);
    expect(error.message).not.toContain('few');
  });

  it('refuses a rule that it can not prove, though it holds', async () => {
    const share = { list: 'suppliers', where: { field: 'due_diligence', eq: true } };
    const { context, lists } = await provingColumns(
      policyOf(few, { id: 'share', op: 'threshold', lhs: share, rhs: '0.1' }),
    );
    const error = await refusal(prover.prove(context, lists));
    expect(error).toMatchObject({ kind: 'refused', code: 'proof.unprovable' });
    expect(error.message).toContain('rule share');
  });

  it('refuses a count with gaps, which it could only bound', async () => {
    const among = (id: string, ...rhs: number[]) => ({ id, op: 'in', lhs: 'supplier_count', rhs });
    const count = SUPPLIERS.length;
    const gaps = await provingColumns(policyOf(owned, among('gap', count - 2, count)));
    const error = await refusal(prover.prove(gaps.context, gaps.lists));
    expect(error).toMatchObject({ kind: 'refused', code: 'proof.unprovable' });
    expect(error.message).toMatch(/^rule gap can't be proven in zero knowledge: .*gaps\)$/);
    const none = await provingColumns(policyOf(among('whole', count - 1, count)));
    await expect(prover.prove(none.context, none.lists)).resolves.toBeDefined();
  }, 60_000);

  it('refuses what the manifest does not commit to', async () => {
    const made = await provingColumns(policyOf(few));
    const stranger = await provingColumns(policyOf(few));
    const error = await refusal(prover.prove(made.context, stranger.lists));
    expect(error).toMatchObject({ kind: 'input', code: 'proof.other-lists' });
    const without = proving(policyOf(few));
    expect((await refusal(prover.prove(without.context, without.lists))).message).toContain('commitment');
    const seedless = made.lists.map((list) => ({ ...list, columnsSeed: null }));
    expect((await refusal(prover.prove(made.context, seedless))).message).toContain('seed');
  }, 60_000);

  it('shows its progress to the end', async () => {
    const { context, lists } = await provingColumns(policyOf(owned));
    const seen: [number, number][] = [];
    await prover.prove(context, lists, { progress: (done, of) => seen.push([done, of]) });
    expect(seen.map(([done]) => done)).toEqual(seen.map((_, i) => i + 1));
    expect(seen.at(-1)![0]).toBe(seen.at(-1)![1]);
  }, 60_000);
});

describe('a bundle with a zero-knowledge proof', () => {
  let made: Made;
  beforeAll(async () => {
    made = await makeBundle({ backend: 'kzg-columns' });
  }, 60_000);

  async function judged(
    zip: Buffer = made.zip,
    sources: Partial<VerificationSources> = {},
    options: Partial<VerificationOptions> = {},
  ) {
    const { report } = await verify(zip, sourcesFor(made, sources), options);
    const status = Object.fromEntries(report.checks.map(({ id, status }) => [id, status])) as Record<CheckId, string>;
    return { ...report, status };
  }

  it('is ok, every rule proven', async () => {
    const { result, rules, status } = await judged(made.zip, {}, { audience: 'auditor', nonce: 'n-1' });
    expect(result).toBe('ok');
    expect(rules.map(({ rule_id, status }) => [rule_id, status])).toEqual(
      [few, owned, clean, safe].map(({ id }) => [id, 'proven']),
    );
    expect(status).toMatchObject({ 'proof.vk': 'ok', 'proof.binding': 'ok', 'proof.valid': 'ok' });
    expect(status).toMatchObject({ 'statement.audience': 'ok', 'statement.nonce': 'ok' });
  });

  it('shows no row: no name of the lists is in it', () => {
    const text = [...made.files]
      .filter(([name]) => !name.startsWith('reference/'))
      .map(([, bytes]) => bytes.toString('latin1'))
      .join();
    for (const { name } of SUPPLIERS) expect(text).not.toContain(name);
  });

  const proofWith = (change: (payload: Buffer) => Buffer) =>
    tampered(made, {
      files: (files) => {
        const container = decodeContainer(files.get('proof.capz')!);
        files.set('proof.capz', encodeContainer({ ...container, payload: change(Buffer.from(container.payload)) }));
      },
      signers: [made.signer],
    });

  it('fails with another proof, binding and validity together: they can not be told apart', async () => {
    for (const change of [
      (payload: Buffer) => {
        payload[100]! ^= 1;
        return payload;
      },
      (payload: Buffer) => payload.subarray(0, -1),
      () => Buffer.alloc(0),
    ]) {
      const { result, status, rules } = await judged(proofWith(change));
      expect([result, status['proof.binding'], status['proof.valid']]).toEqual(['fail', 'fail', 'fail']);
      expect(rules.every((rule) => rule.status === 'unproven')).toBe(true);
    }
  });

  it('fails under another policy, even if its rules hold', async () => {
    const other = policyOf({ ...few, rhs: 11 }, owned, clean, safe);
    const { result, status } = await judged(made.zip, { policy: { compiled: other, status: 'active' } });
    expect([result, status['policy.hash'], status['proof.binding']]).toEqual(['fail', 'fail', 'fail']);
  });

  it('fails when the prover states another audience, nonce or expiry than it has proven', async () => {
    for (const change of [{ audience: 'somebody' }, { nonce: 'n-2' }, { expires_at: '2027-02-15T09:30:00Z' }]) {
      const zip = tampered(made, {
        meta: ({ proof_units }) => Object.assign(proof_units[0]!.statement, change),
        signers: [made.signer],
      });
      expect(await judged(zip)).toMatchObject({ result: 'fail', status: { 'proof.binding': 'fail' } });
    }
  });

  it('fails under another key or other parameters than the verifier’s', async () => {
    for (const [at, what] of [
      [8, 'vk_hash'],
      [40, 'params_hash'],
    ] as const) {
      const zip = tampered(made, {
        files: (files) => {
          const bytes = Buffer.from(files.get('proof.capz')!);
          bytes[at]! ^= 1;
          files.set('proof.capz', bytes);
        },
        signers: [made.signer],
      });
      const { result, status, checks } = await judged(zip);
      expect([result, status['proof.vk'], status['proof.valid']]).toEqual(['fail', 'fail', 'skipped']);
      expect(checks.find(({ id }) => id === 'proof.vk')!.actual).toContain(what);
    }
  });

  it('is not judged without the reference list: that alone fails it', async () => {
    const { result, status } = await judged(made.zip, { referenceList: () => null });
    expect(result).toBe('fail');
    expect(status).toMatchObject({ 'lists.known': 'fail', 'proof.binding': 'skipped', 'proof.valid': 'skipped' });
  });

  it('is as good if the verifier holds the same list as of another day: that one says how old it is', async () => {
    const lists = [...made.proving.context.referenceLists.values()];
    const referenceList: VerificationSources['referenceList'] = (hash) => {
      const { id, list } = lists.find((named) => named.list.hash === hash)!;
      return { id, list, as_of: '2026-01-11', newest_as_of: '2026-01-11' };
    };
    const { result, checks } = await judged(made.zip, { referenceList });
    expect(result).toBe('ok');
    expect(checks.find(({ id }) => id === 'lists.age')!.actual).toContain('as of 2026-01-11');
  });

  it('warns by the bundle’s own policy: nothing it proves counts for more than a claim', async () => {
    const { result, rules } = await judged(made.zip, { policyByHash: () => null });
    expect([result, new Set(rules.map(({ status }) => status))]).toEqual(['warn', new Set(['claimed'])]);
  });

  it('fails where the backend is not accepted', async () => {
    const { result, status } = await judged(made.zip, {}, { accepted: ['disclosure'] });
    expect([result, status['proof.backend'], status['proof.valid']]).toEqual(['fail', 'fail', 'skipped']);
  });

  it('fails whatever of manifest, proof or proof unit a dishonest signer changes', async () => {
    const anyText = fc.string({ unit: 'binary', maxLength: 70 });
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom('manifest' as const, 'proof' as const, 'unit' as const),
        fc.nat(),
        fc.oneof(anyText, fc.integer(), fc.constant(null), fc.constant<JsonValue>([])),
        fc.boolean(),
        async (what, at, value, consistent) => {
          let changed = false;
          const zip = tampered(made, {
            signers: [made.signer],
            files: (files) => {
              if (what === 'proof') {
                const bytes = Buffer.from(files.get('proof.capz')!);
                bytes[at % bytes.length]! ^= 1 + (at % 255);
                changed = !bytes.equals(files.get('proof.capz')!);
                files.set('proof.capz', bytes);
              }
              if (what !== 'manifest') return;
              const manifest = JSON.parse(files.get('manifest.json')!.toString()) as Manifest & JsonObject;
              changeLeaf(manifest, at, value);
              if (consistent)
                manifest.company_commitment_root = companyCommitmentRoot(manifest.commitments as Commitment[]);
              const bytes = Buffer.from(canonicalOr(manifest));
              changed = !bytes.equals(files.get('manifest.json')!);
              files.set('manifest.json', bytes);
            },
            meta: ({ proof_units }) => {
              if (what === 'unit') changed = changeLeaf(proof_units[0]!.statement as unknown as JsonObject, at, value);
            },
          });
          fc.pre(changed);
          const { result } = await judged(zip).catch((error: unknown) => {
            if (!isCapError(error)) throw error;
            return { result: 'refused' };
          });
          expect(['fail', 'refused']).toContain(result);
        },
      ),
      { numRuns: 60 * Number(process.env.CAP_TEST_SCALE ?? 1) },
    );
  }, 600_000);

  it('gives the same report whatever thread verifies it', async () => {
    const here = await verify(made.zip, sourcesFor(made));
    const again = await verify(made.zip, sourcesFor(made));
    expect(sha3Text(here.reportBytes)).toBe(sha3Text(again.reportBytes));
  });

  it('names columns that are none of the manifest’s as another statement', async () => {
    const { context } = made.proving;
    const swapped = context.manifest.commitments.map((commitment) =>
      commitment.scheme === 'kzg-columns.v1'
        ? { ...commitment, segments: commitment.segments.map(({ x, r, d }) => ({ x: d, r, d: x })) }
        : commitment,
    );
    const { payload } = decodeContainer(made.files.get('proof.capz')!);
    const verdict = await kzgColumns.verify(withCommitments(context, swapped), payload);
    expect(verdict).toMatchObject({ binding: { ok: false }, validity: { ok: false }, facts: [] });
  });
});

/** Puts the value in the place of the text or number that comes `at`-th; false if nothing is another then. */
function changeLeaf(document: JsonObject, at: number, value: JsonValue): boolean {
  const leaves: [JsonObject, string][] = [];
  const walk = (node: JsonObject) => {
    for (const [name, member] of Object.entries(node))
      if (typeof member === 'object' && member !== null) walk(member as JsonObject);
      else leaves.push([node, name]);
  };
  walk(document);
  const [node, name] = leaves[at % leaves.length]!;
  const changed = JSON.stringify(node[name]) !== JSON.stringify(value);
  node[name] = value;
  return changed;
}

/** Canonical where it can be: a dishonest prover writes what he likes. */
function canonicalOr(value: JsonObject): string {
  try {
    return jcsText(value);
  } catch {
    return JSON.stringify(value);
  }
}
