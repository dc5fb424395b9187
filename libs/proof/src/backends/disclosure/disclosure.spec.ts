import { describe, expect, it } from '@jest/globals';
import { isCapError, jcs, type JsonValue } from '@cap/core';
import { evaluateRules, type Fact } from '@cap/policy';
import { allowedTable } from '@cap/policy/codes';
import { ReferenceList } from '@cap/lists/reference-lists';
import { commit, openRow, type RowOpening } from '../../commitment/merkle-blake3.js';
import { companyCommitmentRoot } from '../../manifest/manifest.js';
import { statementDigest } from '../../statement/statement.js';
import type { ProofContext } from '../backend.js';
import type { ProverList } from '../backend-prover.js';
import { JURISDICTIONS, policyOf, proving, RULES, SUPPLIERS, type Proving } from '../proving.fixture.js';
import { evaluationContext } from '../prover-checks.js';
import type { FalseRule } from '../violations.js';
import { disclosure } from './disclosure.js';
import { disclosureProver } from './prove.js';
import type { DisclosurePayload, ListDisclosure } from './payload.js';

const { few, some, owned, distinct, clean, cleanUbos, safe } = RULES;

async function payloadOf({ context, lists }: Proving): Promise<DisclosurePayload> {
  return JSON.parse(
    Buffer.from((await disclosureProver.prove(context, lists)).payload).toString(),
  ) as DisclosurePayload;
}
const shown = async (proof: Proving, list = 'suppliers') =>
  (await payloadOf(proof)).lists.find((disclosed) => disclosed.list === list);
const openedNames = (disclosed: ListDisclosure | undefined) =>
  disclosed!.rows.map(({ fields }) => Object.keys(fields).sort().join());

const verify = (context: ProofContext, payload: unknown) => disclosure.verify(context, jcs(payload));
const factKinds = (facts: Fact[], list: string) => facts.filter((fact) => fact.list === list).map(({ kind }) => kind);

async function refusal(proof: Proving) {
  try {
    await disclosureProver.prove(proof.context, proof.lists);
  } catch (error) {
    if (isCapError(error)) return error;
    throw error;
  }
  throw new Error('proven');
}

describe('the disclosing prover', () => {
  it('shows nothing but leaf hashes for an upper bound', async () => {
    const proof = proving(policyOf(few));
    const payload = await payloadOf(proof);
    expect(payload.lists).toEqual([{ list: 'suppliers', leaf_hashes: expect.any(Array), rows: [] }]);
    expect(payload.lists[0]!.leaf_hashes).toHaveLength(4);
    const text = JSON.stringify(payload);
    for (const { secrets } of proof.lists)
      for (const { leaf_salt, field_salts } of secrets.leaves)
        for (const salt of [leaf_salt, ...Object.values(field_salts)]) expect(text).not.toContain(salt);
  });

  it('opens the identifiers of as many rows as a lower bound needs', async () => {
    const disclosed = await shown(proving(policyOf(few, some)));
    expect(openedNames(disclosed)).toEqual(['jurisdiction,name', 'jurisdiction,name']);
    expect(disclosed!.rows.every(({ hidden }) => 'tier' in hidden)).toBe(true);
  });

  it('opens the identifiers of all rows for distinct and for non-membership', async () => {
    expect(openedNames(await shown(proving(policyOf(distinct))))).toEqual(Array(4).fill('jurisdiction,name'));
    expect(openedNames(await shown(proving(policyOf(clean, some))))).toEqual(Array(4).fill('jurisdiction,name'));
    expect(openedNames(await shown(proving(policyOf(cleanUbos)), 'ubos'))).toEqual(Array(2).fill('birthdate,name'));
    const withIds = SUPPLIERS.map((row, i) => ({ ...row, id: `ID ${i}` }));
    expect(openedNames(await shown(proving(policyOf(clean), { suppliers: withIds })))).toEqual(
      Array(4).fill('jurisdiction,name'),
    );
    const byNumber = proving(policyOf({ ...clean, scheme: 'id' }), {
      suppliers: withIds,
      sanctions: 'name,id\nNoxious Ltd,EX-1\n',
      idSchemes: { suppliers: 'id' },
    });
    expect(openedNames(await shown(byNumber))).toEqual(Array(4).fill('id'));
  });

  it('opens the code fields of all rows, and no names, for allowed jurisdictions', async () => {
    const names = openedNames(await shown(proving(policyOf(safe))));
    expect([...names].sort()).toEqual([
      'due_diligence,jurisdiction,tier',
      'due_diligence,jurisdiction,tier',
      'jurisdiction,tier',
      'jurisdiction,tier',
    ]);
  });

  it('lets out no salt of a hidden field', async () => {
    const proof = proving(policyOf(safe, clean));
    const payload = await payloadOf(proof);
    const { secrets } = proof.lists[0]!;
    for (const { index, fields, hidden } of payload.lists[0]!.rows) {
      const salts = secrets.leaves[index]!.field_salts;
      expect(Object.keys({ ...fields, ...hidden }).sort()).toEqual(Object.keys(salts).sort());
      for (const name of Object.keys(hidden)) expect(JSON.stringify(payload)).not.toContain(salts[name]);
    }
  });

  it('proves what the verifier then finds to hold', async () => {
    const rules = [few, some, owned, distinct, clean, cleanUbos, safe];
    for (const scenario of [{}, { suppliers: SUPPLIERS.map((row, i) => ({ ...row, id: `ID ${i}` })) }]) {
      const { context, lists } = proving(policyOf(...rules), scenario);
      const { payload, vkHash, paramsHash } = await disclosureProver.prove(context, lists);
      expect({ vkHash, paramsHash }).toEqual(disclosure.verifyingKey(context));
      expect(vkHash.every((byte) => byte === 0)).toBe(true);
      const { binding, validity, facts } = await disclosure.verify(context, payload);
      expect([binding, validity]).toEqual([{ ok: true }, { ok: true }]);
      const results = evaluateRules(context.policy, facts, 'disclosed', evaluationContext(context));
      expect(results.map(({ rule_id, status }) => [rule_id, status]).sort()).toEqual(
        rules.map(({ id }) => [id, 'disclosed']).sort(),
      );
    }
  });

  it('proves every upper bound over a list without rows', async () => {
    const { context, lists } = proving(policyOf(few, distinct, clean, safe), { suppliers: [] });
    const { facts } = await disclosure.verify(context, (await disclosureProver.prove(context, lists)).payload);
    expect(factKinds(facts, 'suppliers')).toEqual(['count', 'distinct', 'disjoint', 'rows_allowed', 'disclosed']);
    expect(facts[0]).toEqual({ kind: 'count', list: 'suppliers', min: 0, max: 0 });
  });
});

describe('a false statement is refused', () => {
  it('names the rule whose count does not hold', async () => {
    const error = await refusal(proving(policyOf(few, { ...few, id: 'fewer', rhs: 3 })));
    expect(error).toMatchObject({
      kind: 'refused',
      code: 'proof.false-statement',
      message: 'rule fewer does not hold',
    });
  });

  it('names the rows that are on the sanctions list, in the order of the file', async () => {
    const suppliers = [
      { name: 'NOXIOUS, Ltd.', jurisdiction: 'RU', tier: 1 },
      ...SUPPLIERS,
      { name: 'noxious ltd', jurisdiction: 'DE', tier: 1 },
    ];
    const sanctions = 'name,nationality\nNoxious Ltd,RU\nŁódź-Textil,PL\n';
    const error = await refusal(proving(policyOf(clean), { suppliers, sanctions }));
    expect(error.message).toBe(
      'rule clean does not hold: suppliers line 2 ("NOXIOUS, Ltd.") is "Noxious Ltd" in line 2 of sanctions, ' +
        'suppliers line 6 ("Łódź Textil") is "Łódź-Textil" in line 3 of sanctions',
    );
    expect(error.details).toEqual([
      {
        rule_id: 'clean',
        status: 'violated',
        rows: [
          {
            list: 'suppliers',
            line: 2,
            name: 'NOXIOUS, Ltd.',
            hit: { reference_list: 'sanctions', line: 2, name: 'Noxious Ltd' },
          },
          {
            list: 'suppliers',
            line: 6,
            name: 'Łódź Textil',
            hit: { reference_list: 'sanctions', line: 3, name: 'Łódź-Textil' },
          },
        ],
      },
    ]);
  });

  it('takes no supplier for a listed one whose name differs by a mark that makes another letter', async () => {
    const supplier = (name: string) => ({ name, jurisdiction: 'JP', tier: 1 });
    const suppliers = ['ハナ商事', 'バナ商事', 'ไทยดี', 'ไทยดู', 'O\u02bcNeil'].map(supplier);
    const sanctions = "name,nationality\nバナ商事,JP\nไทยดู,JP\nO'Neil,JP\n";
    const error = await refusal(proving(policyOf(clean), { suppliers, sanctions }));
    const hits = (error.details as FalseRule[]).flatMap(({ rows }) => rows.map(({ name, hit }) => [name, hit?.name]));
    expect(hits).toEqual([
      ['バナ商事', 'バナ商事'],
      ['ไทยดู', 'ไทยดู'],
      ['O\u02bcNeil', "O'Neil"],
    ]);
  });

  it('names the rows in jurisdictions that are not allowed', async () => {
    const suppliers = [
      ...SUPPLIERS,
      { name: 'Nowhere', jurisdiction: 'AQ', tier: 1 },
      { name: 'R', jurisdiction: 'RU', tier: 1, due_diligence: false },
    ];
    const error = await refusal(proving(policyOf(safe), { suppliers }));
    expect(error.message).toBe(
      'rule safe does not hold: suppliers line 6 ("Nowhere") is in AQ, which is not an allowed country (risk unknown, no ' +
        'due diligence), suppliers line 7 ("R") is in RU, which is not an allowed country (risk high, no due diligence)',
    );
  });

  it('refuses lists that are not the ones of the manifest', async () => {
    const { context, lists } = proving(policyOf(few));
    const other = proving(policyOf(few), { suppliers: SUPPLIERS.slice(1) });
    expect(await refusal({ context, lists: other.lists })).toMatchObject({
      kind: 'input',
      code: 'proof.other-lists',
    });
    const renamed: ProverList = { ...lists[0]!, rows: lists[0]!.rows.map((row) => ({ ...row, name: 'X' })) };
    expect(await refusal({ context, lists: [renamed] })).toMatchObject({ code: 'proof.other-lists' });
    const uncommitted = { ...context, manifest: { ...context.manifest, commitments: [] } };
    expect(await refusal({ context: uncommitted, lists })).toMatchObject({ code: 'proof.other-lists' });
  });

  it('refuses a rule over a list that is not at hand', async () => {
    const { context, lists } = proving(policyOf(clean));
    const error = await refusal({ context: { ...context, referenceLists: new Map() }, lists });
    expect(error).toMatchObject({ code: 'proof.unprovable', message: expect.stringContaining('rule clean') });
  });

  it('says of a list committed by number that it can not be shown, not that it does not hold', async () => {
    const suppliers = SUPPLIERS.map((row, i) => ({ ...row, id: `ID ${i}` }));
    const error = await refusal(proving(policyOf(clean), { suppliers, idSchemes: { suppliers: 'id' } }));
    expect(error).toMatchObject({ code: 'proof.unprovable' });
    expect(error.message).toContain('compares by name and country, but the commitment to suppliers is by id');
    expect(error.message).toContain('--id-scheme suppliers=name');
    expect(error.message).not.toContain('does not hold');
  });

  it('names the row that has the name of a listed one, whatever number it has', async () => {
    const suppliers = [...SUPPLIERS, { name: 'Noxious Ltd', jurisdiction: 'RU', tier: 1 }].map((row, i) => ({
      ...row,
      id: `000${i}`,
    }));
    for (const idSchemes of [{}, { suppliers: 'id' }] as const)
      expect(await refusal(proving(policyOf(clean), { suppliers, idSchemes }))).toMatchObject({
        code: 'proof.false-statement',
        message: expect.stringContaining('suppliers line 6 ("Noxious Ltd")'),
      });
  });
});

describe('verification of a disclosure', () => {
  const everything = proving(policyOf(few, distinct, clean, safe, cleanUbos));

  const { expires_at: _left, ...endless } = everything.context.statement;
  const bindings: [string, Partial<ProofContext>][] = [
    ['manifest', { manifestHash: `0x${'11'.repeat(32)}` }],
    ['policy', { policyHash: `0x${'11'.repeat(32)}` }],
    ['signer', { statement: { ...everything.context.statement, signer: `0x${'11'.repeat(32)}` } }],
    ['audience', { statement: { ...everything.context.statement, audience: 'another' } }],
    ['nonce', { statement: { ...everything.context.statement, nonce: 'n-2' } }],
    ['time', { statement: { ...everything.context.statement, issued_at: '2026-01-15T09:30:01Z' } }],
    ['expiry', { statement: { ...everything.context.statement, expires_at: '2026-02-16T09:30:00Z' } }],
    ['having an expiry', { statement: endless }],
  ];
  it.each(bindings)('is bound to the %s', async (_, changes) => {
    const { binding, validity, facts } = await verify(
      { ...everything.context, ...changes },
      await payloadOf(everything),
    );
    expect(binding).toMatchObject({
      ok: false,
      expected: expect.stringMatching(/^0x/),
      actual: expect.stringMatching(/^0x/),
    });
    expect(validity.ok).toBe(false);
    expect(facts).toEqual([]);
  });

  type Change = (suppliers: ListDisclosure, payload: DisclosurePayload) => unknown;
  const row = ({ rows }: ListDisclosure, i = 0): RowOpening => rows[i]!;
  const withDueDiligence = ({ rows }: ListDisclosure) =>
    rows.find(({ fields }) => Object.hasOwn(fields, 'due_diligence'))!.fields;
  const forgeries: [string, Change, RegExp][] = [
    ['a leaf hash left out', (s) => s.leaf_hashes.pop(), /as many leaf hashes/],
    ['a leaf hash added', (s) => s.leaf_hashes.push(`0x${'ff'.repeat(32)}`), /as many leaf hashes/],
    ['a leaf hash changed', (s) => (s.leaf_hashes[3] = `0x${'ff'.repeat(32)}`), /another root/],
    ['leaf hashes out of order', (s) => s.leaf_hashes.reverse(), /sorted/],
    ['one leaf hash twice', (s) => (s.leaf_hashes[1] = s.leaf_hashes[0]!), /sorted/],
    ['one row twice', (s) => s.rows.splice(1, 1, row(s)), /increasing/],
    ['rows out of order', (s) => s.rows.reverse(), /increasing/],
    ['two rows that change places', (s) => ([row(s).index, row(s, 1).index] = [1, 0]), /another leaf hash/],
    ['a row that is not there', (s) => (row(s, 3).index = 4), /no such leaf/],
    ['a row under another index', (s) => (s.rows = [{ ...row(s), index: 1 }]), /another leaf hash/],
    ['another value', (s) => (row(s).fields.name!.value = 'Honest Ltd'), /another leaf hash/],
    ['another field salt', (s) => (row(s).fields.name!.salt = `0x${'00'.repeat(16)}`), /another leaf hash/],
    ['another leaf salt', (s) => (row(s).leaf_salt = `0x${'00'.repeat(16)}`), /another leaf hash/],
    [
      'a field that is opened and hidden',
      (s) => (row(s).hidden.name = `0x${'00'.repeat(32)}`),
      /both opened and hidden/,
    ],
    ['a required field left out', (s) => delete row(s).fields.tier, /neither opened nor hidden/],
    ['a field of another list', (s) => (row(s).hidden.birthdate = `0x${'00'.repeat(32)}`), /no field birthdate/],
    [
      'a field that every object has',
      (s) => (row(s).hidden.constructor = `0x${'00'.repeat(32)}` as never),
      /no field constructor/,
    ],
    [
      'an optional field that is not in the leaf',
      (s) => (row(s).hidden.audit_date = `0x${'11'.repeat(32)}`),
      /another leaf hash/,
    ],
    [
      'an absent field that is said to be hidden',
      (s) => (row(s).hidden.audit_date = `0x${'00'.repeat(32)}`),
      /audit_date is hidden behind no digest/,
    ],
    ['a present optional field left out', (s) => delete withDueDiligence(s).due_diligence, /another leaf hash/],
    ['a value of another type', (s) => (row(s).fields.tier!.value = '1'), /expected a positive integer/],
    ['a text that is not normalised', (s) => (row(s).fields.name!.value = ' X'), /NFC/],
    ['a name with what nobody sees', (s) => (row(s).fields.name!.value = 'Dusk\u200bharbor'), /U\+200B/],
    ['an unknown country', (s) => (row(s).fields.jurisdiction!.value = 'XX'), /ISO 3166/],
    ['a list twice', (s, p) => p.lists.push(s), /twice/],
  ];
  it.each(forgeries)('refuses %s', async (_, change, reason) => {
    const payload = await payloadOf(everything);
    change(
      payload.lists.find(({ list }) => list === 'suppliers')!,
      payload,
    );
    const { binding, validity, facts } = await verify(everything.context, payload);
    expect(binding).toEqual({ ok: true });
    expect(validity).toMatchObject({ ok: false, reason: expect.stringMatching(reason) });
    expect(facts).toEqual([]);
  });

  const malformed: [string, (payload: DisclosurePayload) => unknown][] = [
    ['another schema', (payload) => ({ ...payload, schema: 'cap-disclosure.v2' })],
    ['a member too many', (payload) => ({ ...payload, note: '' })],
    ['no lists', ({ lists: _, ...payload }) => payload],
    ['an unknown list', (payload) => ({ ...payload, lists: [{ ...payload.lists[0], list: 'customers' }] })],
    ['a number for a digest', (payload) => ({ ...payload, statement_digest: 7 })],
    [
      'a fractional index',
      (payload) => ({ ...payload, lists: payload.lists.map((l) => ({ ...l, rows: [{ ...l.rows[0], index: 0.5 }] })) }),
    ],
    ['nothing', () => null],
  ];
  it.each(malformed)('refuses a payload with %s', async (_, change) => {
    const { binding, facts } = await verify(everything.context, change(await payloadOf(everything)));
    expect(binding).toMatchObject({ ok: false, actual: 'unreadable payload' });
    expect(facts).toEqual([]);
  });

  it('refuses a payload in any other spelling', async () => {
    const payload = await payloadOf(everything);
    for (const text of [JSON.stringify(payload, null, 1), `${jcs(payload).toString()}\n`, '', '{', '\xff'])
      expect((await disclosure.verify(everything.context, Buffer.from(text, 'latin1'))).binding.ok).toBe(false);
  });

  it('refuses a list that the manifest does not commit to', async () => {
    const payload = await payloadOf(everything);
    const manifest = { ...everything.context.manifest, commitments: everything.context.manifest.commitments.slice(1) };
    expect((await verify({ ...everything.context, manifest }, payload)).validity).toMatchObject({
      ok: false,
      expected: 'a commitment',
    });
  });
});

describe('facts reach only as far as the opened rows show', () => {
  const everything = proving(policyOf(few, distinct, clean, safe));
  async function factsAfter(change: (disclosed: ListDisclosure) => void, proof = everything): Promise<Fact[]> {
    const payload = await payloadOf(proof);
    change(payload.lists[0]!);
    const { validity, facts } = await verify(proof.context, payload);
    expect(validity).toEqual({ ok: true });
    return facts;
  }

  it('draws no lower bound and nothing about all rows from some of them', async () => {
    expect(await factsAfter((suppliers) => (suppliers.rows = []))).toEqual([
      { kind: 'count', list: 'suppliers', max: 4 },
    ]);
    const facts = await factsAfter((suppliers) => suppliers.rows.splice(2, 1));
    expect(facts.map(({ kind }) => kind)).toEqual(['count', 'disclosed']);
    expect(facts[0]).toEqual({ kind: 'count', list: 'suppliers', min: 3, max: 4 });
    expect(facts[1]).toMatchObject({ complete: false });
  });

  it('counts rows by their identifiers: codes alone give no lower bound, and codes are needed for allowed rows', async () => {
    const onlyCodes = await factsAfter(() => undefined, proving(policyOf(safe)));
    expect(onlyCodes.map(({ kind }) => kind)).toEqual(['count', 'rows_allowed', 'disclosed']);
    expect(onlyCodes[0]).toEqual({ kind: 'count', list: 'suppliers', max: 4 });
    const onlyNames = await factsAfter(() => undefined, proving(policyOf(clean)));
    expect(onlyNames.map(({ kind }) => kind)).toEqual(['count', 'distinct', 'disjoint', 'disclosed']);
  });

  it('names the table and the list that the facts are about', async () => {
    const facts = await factsAfter(() => undefined);
    const { table_hash } = allowedTable(
      safe.rhs as never,
      new ReferenceList(Buffer.from(JURISDICTIONS)).jurisdictions().risks,
    );
    expect(facts).toContainEqual({ kind: 'rows_allowed', list: 'suppliers', table_hash });
    const { hash } = everything.context.referenceLists.get('sanctions')!.list;
    expect(facts).toContainEqual({
      kind: 'disjoint',
      list: 'suppliers',
      reference_list: 'sanctions',
      hash,
      id_scheme: 'name',
    });
  });

  it('draws no table fact without a policy, and no list fact without the list', async () => {
    const payload = await payloadOf(everything);
    const kinds = async (changes: Partial<ProofContext>) =>
      factKinds((await verify({ ...everything.context, ...changes }, payload)).facts, 'suppliers');
    expect(await kinds({ policy: null })).toEqual(['count', 'distinct', 'disjoint', 'disclosed']);
    expect(await kinds({ referenceLists: new Map() })).toEqual(['count', 'distinct', 'disclosed']);
  });

  it('finds rows on the list, and rows of a dishonest prover that are the same', async () => {
    const proof = proving(policyOf(clean));
    const listed = Buffer.from('name,nationality\nHallerwald,DE\nHallerwald G.m.b.H.,DE\n');
    const reference = { ...proof.context.referenceLists.get('sanctions')!, list: new ReferenceList(listed) };
    const context = { ...proof.context, referenceLists: new Map([['sanctions', reference]]) };
    expect(factKinds((await verify(context, await payloadOf(proof))).facts, 'suppliers')).toEqual([
      'count',
      'distinct',
      'disclosed',
    ]);

    const twins = dishonest([
      { name: 'Twin', jurisdiction: 'DE', tier: 1, id: '1' },
      { name: 'TWIN', jurisdiction: 'DE', tier: 1, id: '2' },
    ]);
    const { validity, facts } = await verify(twins.context, twins.payload);
    expect(validity).toEqual({ ok: true });
    expect(facts.map(({ kind }) => kind)).toEqual(['count', 'disjoint', 'disclosed']);
    expect(facts[0]).toEqual({ kind: 'count', list: 'suppliers', min: 1, max: 2 });
  });

  /** A disclosure of all names, of suppliers that commit under `id` keeps apart and the manifest says are told by name. */
  function dishonest(suppliers: Parameters<typeof commit>[1]) {
    const { context } = proving(policyOf(clean));
    const committed = commit('suppliers', suppliers, 'id');
    const commitments = [{ ...committed.commitment, id_scheme: 'name' as const }];
    const manifest = { ...context.manifest, commitments, company_commitment_root: companyCommitmentRoot(commitments) };
    const { rows, secrets, leaves } = committed;
    const statement_digest = statementDigest('disclosure', context);
    const names = new Set(['name', 'jurisdiction']);
    const openings = rows.map((row, i) => openRow(row, secrets.leaves[i]!, i, names));
    const leaf_hashes = leaves.map((leaf) => `0x${leaf.toString('hex')}`);
    return {
      context: { ...context, manifest },
      payload: {
        schema: 'cap-disclosure.v1',
        statement_digest,
        lists: [{ list: 'suppliers', leaf_hashes, rows: openings }],
      },
    };
  }

  it('does not take a hidden field for an absent one', async () => {
    const proof = proving(policyOf(safe));
    // DE is allowed with and without due diligence: that the hidden digest might be due_diligence changes nothing.
    expect((await factsAfter(() => undefined, proof)).map(({ kind }) => kind)).toContain('rows_allowed');
    const hiding = await factsAfter((suppliers) => {
      const opened = suppliers.rows.find(({ fields }) => fields.due_diligence?.value === false)!;
      const { secrets } = proof.lists[0]!;
      const row = proof.lists[0]!.rows[opened.index]!;
      Object.assign(
        opened,
        openRow(row, secrets.leaves[opened.index]!, opened.index, new Set(['jurisdiction', 'tier'])),
      );
    }, proof);
    expect(hiding.map(({ kind }) => kind)).not.toContain('rows_allowed');
  });

  it('gives the opened fields, and only those, to rules about single rows', async () => {
    const facts = await factsAfter((suppliers) => suppliers.rows.splice(1), proving(policyOf(safe)));
    const disclosed = facts.find(({ kind }) => kind === 'disclosed') as Extract<Fact, { kind: 'disclosed' }>;
    expect(disclosed.complete).toBe(false);
    expect(disclosed.rows).toHaveLength(1);
    const names = Object.keys(disclosed.rows[0]!.fields as Record<string, JsonValue>);
    expect(names).not.toContain('name');
    expect(names).toContain('jurisdiction');
  });
});
