import { readFile, rename, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { beforeEach, describe, expect, it } from '@jest/globals';
import { cap, scratch } from '../cli.fixture.js';

describe('cap trust', () => {
  let home: string;
  const at = (...names: string[]) => path.join(home, ...names);
  const stored = async () => JSON.parse(await readFile(at('trust.json'), 'utf8'));
  const add = (...argv: string[]) => cap(['trust', 'add', at('trust.json'), ...argv]);
  const newKey = async () =>
    (await cap(['keys', 'generate', '--keys', at('keys'), '--owner', 'Supplier AG'])).out.trim();

  beforeEach(async () => {
    home = await scratch();
    expect((await cap(['trust', 'init', '--out', at('trust.json')])).code).toBe(0);
  });

  it('never replaces a trust store by an empty one', async () => {
    await add('--reference-list', 'sanctions=examples/sanctions.csv');
    expect((await cap(['trust', 'init', '--out', at('trust.json')])).code).toBe(73);
    expect((await stored()).reference_lists).toHaveLength(1);
  });

  it('adds signers from their public files, and replaces a record of the same key', async () => {
    const kid = await newKey();
    expect((await add('--signer', at('keys', `${kid}.pub`))).code).toBe(0);
    const record = at('keys', `${kid}.json`);
    await writeFile(
      record,
      JSON.stringify({ ...JSON.parse(await readFile(record, 'utf8')), revoked_at: '2025-12-01T00:00:00Z' }),
    );
    expect((await add('--signer', record)).code).toBe(0);
    const { signers, version } = await stored();
    expect(signers).toMatchObject([{ kid, owner: 'Supplier AG', revoked_at: '2025-12-01T00:00:00Z' }]);
    expect(version).toBe(3);
    expect((await cap(['trust', 'show', at('trust.json')])).out).toContain('Supplier AG');
  });

  it('writes beside a key whose lists it signs for, and keeps that when the key comes again', async () => {
    const [kid, other] = [await newKey(), await newKey()];
    const signer = ['--signer', at('keys', `${kid}.pub`)];
    const company = { name: 'Musterwerk AG', lei: '5299000J2N45DDNE4Y28' };
    expect((await add(...signer, '--company', company.name, '--lei', company.lei)).code).toBe(0);
    expect((await stored()).signers).toMatchObject([{ kid, owner: 'Supplier AG', company }]);
    expect((await cap(['trust', 'show', at('trust.json')])).out).toContain(`Musterwerk AG, LEI ${company.lei}`);
    expect((await add(...signer)).code).toBe(0);
    expect((await stored()).signers).toMatchObject([{ kid, company }]);
    expect((await add(...signer, '--company', 'Musterwerk SE')).code).toBe(0);
    expect((await stored()).signers[0].company).toEqual({ name: 'Musterwerk SE' });
    const before = await stored();
    for (const wrong of [
      ['--company', 'Musterwerk AG'],
      [...signer, '--signer', at('keys', `${other}.pub`), '--company', 'Musterwerk AG'],
      ['--reference-list', 'sanctions=examples/sanctions.csv', '--lei', company.lei],
      [...signer, '--company', ''],
    ])
      expect((await add(...wrong)).code).toBe(64);
    expect(await stored()).toEqual(before);
  });

  it('refuses a revoked key of which nobody knows since when it is', async () => {
    const kid = await newKey();
    const record = at('keys', `${kid}.json`);
    const written = JSON.parse(await readFile(record, 'utf8'));
    await writeFile(record, JSON.stringify({ ...written, status: 'revoked' }));
    const refused = await add('--signer', record);
    expect([refused.code, refused.err]).toEqual([65, expect.stringContaining(`${record}: the key is revoked`)]);
    expect((await stored()).signers).toEqual([]);
    await writeFile(record, JSON.stringify({ ...written, status: 'revoked', revoked_at: '2025-11-01T00:00:00Z' }));
    expect((await add('--signer', record)).code).toBe(0);
    expect((await stored()).signers).toMatchObject([{ revoked_at: '2025-11-01T00:00:00Z' }]);
  });

  it('needs the public key that the name says', async () => {
    const [one, two] = [await newKey(), await newKey()];
    await rename(at('keys', `${two}.pub`), at('keys', `${one}.pub`));
    expect((await add('--signer', at('keys', `${one}.pub`))).code).toBe(65);
    expect((await add('--signer', at('keys', 'some.pub'))).code).toBe(64);
    expect((await add('--signer', at('keys', `${two}.pub`))).code).toBe(66);
    expect((await add()).code).toBe(64);
    expect((await stored()).signers).toEqual([]);
  });

  it('refuses a policy with lint errors, and names the file and each lint', async () => {
    const rule = { id: 'few', op: 'roughly', lhs: 'supplier_count', rhs: 10 };
    await writeFile(at('bad.json'), JSON.stringify({ id: 'p', version: '1', rules: [rule, { ...rule, op: 'about' }] }));
    const { code, err } = await add('--policy', at('bad.json'));
    expect(code).toBe(65);
    for (const lint of [
      'E2001: rule few: operator roughly',
      'E2001: rule few: operator about',
      'E1003: duplicate rule id few',
    ])
      expect(err).toContain(`${at('bad.json')}: ${lint}`);
    expect((await stored()).policies).toEqual([]);
  });

  it('takes only lists that can be read, with the day they are of', async () => {
    await writeFile(at('bad.csv'), 'iso_code,risk_level\nDE,dreadful\n');
    expect((await add('--reference-list', `jurisdictions=${at('bad.csv')}`)).code).toBe(65);
    expect((await add('--reference-list', 'sanctions')).code).toBe(64);
    expect((await add('--reference-list', 'sanctions=examples/sanctions.csv@2025-13-01')).code).toBe(64);
    const future = await add('--reference-list', 'sanctions=examples/sanctions.csv@2025-11-08');
    expect([future.code, future.err]).toEqual([64, expect.stringContaining('2025-11-08 is in the future')]);
    expect((await add('--reference-list', 'sanctions=examples/sanctions.csv@2025-11-06')).code).toBe(0);
    expect((await add('--reference-list', 'sanctions=examples/sanctions.csv@2025-11-01')).code).toBe(0);
    expect((await stored()).reference_lists).toMatchObject([{ id: 'sanctions', as_of: '2025-11-01' }]);
  });

  it('adds logs and witnesses by their verifier keys, and how many witnesses there must be', async () => {
    const log = 'log.example/cap/1+ac9affa4+ARZFlCAxsHbyWY4p2tZylej26HMXiR9AY6tdlk8JAtXZ';
    const witness = 'witness.example+45aafb5a+BF3i2j19pKKSCZWoihPNFeVVT+rnDAY53If6lrMLKJ16';
    const { code } = await add('--log-key', log, '--witness-key', witness, '--witness-threshold', '1');
    expect(code).toBe(0);
    expect(await stored()).toMatchObject({ log_keys: [log], witness_keys: [witness], witness_threshold: 1 });
    const { out } = await cap(['trust', 'show', at('trust.json')]);
    for (const said of [log, witness, 'witnesses required  1']) expect(out).toContain(said);

    const tooMany = await add('--witness-threshold', '2');
    expect([tooMany.code, tooMany.err]).toEqual([65, expect.stringContaining('witness_threshold is 2')]);
    expect((await add('--log-key', witness)).code).toBe(65);
    expect((await add('--witness-key', 'witness.example')).code).toBe(65);
    expect((await add('--witness-threshold', 'many')).code).toBe(64);
    expect((await stored()).witness_threshold).toBe(1);
  });

  it('says when so few witnesses are asked for that two trees can both have them', async () => {
    const keys = ['--keys', at('witness')];
    const witness = async (name: string) => {
      const kid = (await cap(['keys', 'generate', ...keys, '--owner', name, '--usage', 'witness'])).out.trim();
      const shown = await cap(['keys', 'show', kid, ...keys, '--note-name', name, '--json']);
      return ['--witness-key', (JSON.parse(shown.out) as { witness_key: string }).witness_key];
    };
    const alone = await add(...(await witness('w1')), '--witness-threshold', '1');
    expect([alone.code, alone.err]).toEqual([0, '']);
    const half = await add(...(await witness('w2')));
    expect([half.code, half.err]).toEqual([0, expect.stringContaining('1 of 2 witnesses: two different trees')]);
    const both = await add('--witness-threshold', '2');
    expect([both.code, both.err]).toEqual([0, '']);
  });

  it('signs the store, and verify can ask for that signature', async () => {
    const kid = await newKey();
    const bundle = at('none.zip');
    await writeFile(bundle, 'no zip');
    const signer = ['--trust-signer', at('keys', `${kid}.pub`)];
    const verify = (...argv: string[]) => cap(['verify', bundle, ...argv]);
    const unsigned = await verify('--trust', at('trust.json'), ...signer);
    expect([unsigned.code, unsigned.err]).toEqual([66, expect.stringContaining('trust.json.sig')]);
    const signed = await cap(['trust', 'sign', at('trust.json'), '--keys', at('keys'), '--key', kid]);
    expect([signed.code, signed.out]).toEqual([0, `${at('trust.json.sig')}  by ${kid}\n`]);
    // What is wrong now is the bundle.
    expect((await verify('--trust', at('trust.json'), ...signer)).err).toContain('bundle.unreadable');
    await add('--reference-list', 'sanctions=examples/sanctions.csv@2025-11-01');
    const changed = await verify('--trust', at('trust.json'), ...signer);
    expect([changed.code, changed.err]).toEqual([65, expect.stringContaining('trust.signature')]);
    expect((await verify(...signer)).code).toBe(64);
  });

  it('says 65 for a file that is no trust store, 66 for none', async () => {
    await writeFile(at('trust.json'), '{"schema":"cap-trust.v9"}');
    expect((await cap(['trust', 'show', at('trust.json')])).code).toBe(65);
    expect((await cap(['trust', 'show', at('none.json')])).code).toBe(66);
  });

  it('takes no company or owner with a character that nobody sees', async () => {
    const kid = await newKey();
    const signer = ['--signer', at('keys', `${kid}.pub`)];
    for (const option of ['--company', '--lei'])
      expect(await add(...signer, option, 'ACME\u200b GmbH')).toMatchObject({
        code: 64,
        err: expect.stringContaining('U+200B'),
      });
    const record = at('keys', `${kid}.json`);
    const text = await readFile(record, 'utf8');
    await writeFile(record, text.replace('Supplier AG', 'Supplier\u202e AG'));
    expect(await add(...signer)).toMatchObject({ code: 65, err: expect.stringContaining('U+202E') });
    expect((await stored()).signers).toEqual([]);
    expect((await cap(['keys', 'generate', '--keys', at('keys'), '--owner', 'A\u00ad'])).code).toBe(64);
  });

  it('marks a reference list as withdrawn, for good', async () => {
    await add('--reference-list', 'sanctions=examples/sanctions.csv@2025-11-01');
    const [{ hash }] = (await stored()).reference_lists;
    const withdraw = (...argv: string[]) => cap(['trust', 'withdraw', ...argv]);
    const named = `sha3-256:${hash.slice(2)}`;
    expect((await withdraw(named, at('trust.json'), '--on', '2025-11-20')).code).toBe(64); // in the future
    expect((await withdraw(named, at('trust.json'), '--on', '2025-11-05')).code).toBe(0);
    expect((await withdraw(hash, at('trust.json'))).code).toBe(0);
    await add('--reference-list', 'sanctions=examples/sanctions.csv@2025-11-01');
    const { reference_lists, version } = await stored();
    expect(reference_lists).toEqual([{ id: 'sanctions', hash, as_of: '2025-11-01', withdrawn_at: '2025-11-05' }]);
    expect(version).toBe(5);
    expect((await cap(['trust', 'show', at('trust.json')])).out).toContain('2025-11-05');
    expect((await withdraw('0xabc', at('trust.json'))).code).toBe(64);
    const unknown = await withdraw(`0x${'1'.repeat(64)}`, at('trust.json'));
    expect([unknown.code, unknown.err]).toEqual([65, expect.stringContaining('list.unknown')]);
  });
});
