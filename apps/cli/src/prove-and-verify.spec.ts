import { chmod, cp, readFile, readdir, stat, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { beforeAll, describe, expect, it } from '@jest/globals';
import { isCanonicalJson } from '@cap/core';
import { cap, scratch } from './cli.fixture.js';

const POLICY = {
  version: 'lksg.v1',
  name: 'Few suppliers, known owners',
  created_at: '2025-11-06T10:00:00Z',
  constraints: {
    require_at_least_one_ubo: true,
    supplier_count_max: 100,
    require_statement_roots: ['sanctions_root', 'jurisdiction_root'],
  },
  notes: '',
};

/** Runs a command that must succeed. */
async function done(...argv: string[]) {
  const outcome = await cap(argv);
  expect([argv.slice(0, 2), outcome.code, outcome.code === 0 ? '' : outcome.err]).toEqual([argv.slice(0, 2), 0, '']);
  return outcome;
}

describe('from lists to a verdict', () => {
  let home: string;
  const at = (...names: string[]) => path.join(home, ...names);
  let kid: string;

  beforeAll(async () => {
    home = await scratch();
    await writeFile(at('policy.json'), JSON.stringify(POLICY));
    await done(
      'prepare',
      '--suppliers',
      'examples/suppliers.csv',
      '--ubos',
      'examples/ubos.csv',
      '--out',
      at('project'),
    );
    kid = (await done('keys', 'generate', '--project', at('project'), '--owner', 'Compliance')).out.trim();
    await done(
      ...['manifest', 'build', '--project', at('project'), '--policy', at('policy.json'), '--as-of', '2025-11-05'],
      ...[
        '--sanctions',
        'examples/sanctions.csv@2025-11-01',
        '--jurisdictions',
        'examples/jurisdictions.csv@2025-10-01',
      ],
      ...['--company', 'ACME GmbH', '--scheme', 'merkle-blake3'],
    );
    await done(
      ...['prove', '--project', at('project'), '--backend', 'disclosure', '--audience', 'auditor', '--nonce', 'n-1'],
    );
    await done('bundle', 'create', '--project', at('project'), '--key', kid, '--out', at('bundle.zip'));
    await done('trust', 'init', '--out', at('trust.json'));
    await done(
      ...['trust', 'add', at('trust.json'), '--signer', at('project', 'keys', `${kid}.pub`), '--company', 'ACME GmbH'],
      ...['--policy', at('policy.json'), '--reference-list', 'sanctions=examples/sanctions.csv@2025-11-01'],
      ...['--reference-list', 'jurisdictions=examples/jurisdictions.csv@2025-10-01'],
    );
  });

  const verify = (...argv: string[]) => cap(['verify', at('bundle.zip'), ...argv]);

  it('is ok for a verifier with policy, lists and signer', async () => {
    const { code, outBytes } = await verify('--policy', at('policy.json'), '--trust', at('trust.json'), '--json');
    const report = JSON.parse(outBytes.toString());
    expect(report.checks.filter(({ status }: { status: string }) => !['ok', 'skipped'].includes(status))).toEqual([]);
    expect(report.rules.map(({ status }: { status: string }) => status)).toEqual(report.rules.map(() => 'disclosed'));
    expect(report.rules.length).toBeGreaterThan(3);
    expect(code).toBe(0);
    expect(outBytes.at(-1)).toBe(0x0a);
    expect(isCanonicalJson(outBytes.subarray(0, -1), report)).toBe(true);
  });

  it('finds the policy by its hash in trust.json, also without being told', async () => {
    const { out } = await verify('--trust', at('trust.json'), '--json');
    const hash = JSON.parse(out).policy_hash;
    expect(hash).toMatch(/^0x/);
    expect((await verify('--trust', at('trust.json'), '--policy', hash, '--json')).out).toBe(out);
    expect((await verify('--trust', at('trust.json'), '--policy', `0x${'9'.repeat(64)}`)).code).toBe(65);
    expect((await verify('--policy', hash)).code).toBe(65);
  });

  it('verifies by the lists the verifier has; one it does not have gives no fact', async () => {
    await done('trust', 'init', '--out', at('signer.json'));
    const signer = ['--signer', at('project', 'keys', `${kid}.json`), '--company', 'ACME GmbH'];
    await done('trust', 'add', at('signer.json'), ...signer);
    const own = ['--policy', at('policy.json'), '--trust', at('signer.json'), '--json'];
    const lists = [
      ...['--list', 'sanctions=examples/sanctions.csv@2025-11-01'],
      ...['--list', 'jurisdictions=examples/jurisdictions.csv@2025-10-01'],
    ];
    expect((await verify(...own, ...lists)).code).toBe(0);
    const { code, out } = await verify(...own, ...lists.slice(0, 2));
    expect(code).toBe(2);
    const known = JSON.parse(out).checks.find(({ id }: { id: string }) => id === 'lists.known');
    expect(known.status).toBe('fail');
    expect((await verify(...own, '--list', 'sanctions=examples/sanctions.csv')).code).toBe(64);
  });

  it('only warns a verifier who knows neither signer nor policy', async () => {
    const { code, out } = await verify();
    expect(code).not.toBe(0);
    expect(out).toContain('policy.pinned');
  });

  it('judges audience and nonce when asked', async () => {
    const own = ['--policy', at('policy.json'), '--trust', at('trust.json')];
    expect((await verify(...own, '--audience', 'auditor', '--nonce', 'n-1')).code).toBe(0);
    expect((await verify(...own, '--audience', 'somebody else')).code).toBe(2);
    expect((await verify(...own, '--nonce', 'n-2')).code).toBe(2);
  });

  it('reads the bundle from stdin and gives the same report', async () => {
    const own = ['--policy', at('policy.json'), '--trust', at('trust.json'), '--json'];
    const piped = await cap(['verify', '-', ...own], { stdin: await readFile(at('bundle.zip')) });
    expect(piped.outBytes).toEqual((await verify(...own)).outBytes);
  });

  it('speaks German when asked to', async () => {
    const { out } = await verify('--policy', at('policy.json'), '--trust', at('trust.json'), '--lang', 'de');
    expect(out).toContain('IN ORDNUNG');
    expect(out).toContain('Prüfungen');
  });

  it('calls a changed byte, another file, or no file by their exits', async () => {
    const bytes = await readFile(at('bundle.zip'));
    await writeFile(at('cut.zip'), bytes.subarray(0, 1000));
    expect((await cap(['verify', at('cut.zip')])).code).toBe(65);
    expect((await cap(['verify', at('none.zip')])).code).toBe(66);
    expect((await cap(['verify', 'examples/suppliers.csv'])).code).toBe(65);
    expect((await cap(['verify', at('bundle.zip'), '--trust', at('none.json')])).code).toBe(66);
    expect((await cap(['verify', at('bundle.zip'), '--backend', 'zkvm'])).code).toBe(64);
  });

  it('names the options that would settle what is open, to people only', async () => {
    const bare = await verify();
    expect(bare.code).not.toBe(0);
    expect(bare.err).toContain('Without --trust');
    expect(bare.err).toContain('Without --policy');
    expect((await verify('--json')).err).toBe('');
    expect((await verify('--trust', at('trust.json'))).err).not.toContain('--trust');
  });

  it('checks a bundle up to its signature without a policy', async () => {
    expect((await cap(['bundle', 'verify', at('bundle.zip'), '--trust', at('trust.json')])).code).toBe(0);
    expect((await cap(['bundle', 'verify', at('bundle.zip')])).code).toBe(1);
    const { out } = await cap(['bundle', 'verify', at('bundle.zip'), '--json']);
    expect(JSON.parse(out).checks.at(-1).id).toBe('signer.validity');
    expect(JSON.parse(out).unchecked).toEqual(['proof', 'rules', 'statement', 'lists']);
  });

  it.each([
    ['en', 'ok: the bundle is intact and signed by somebody', 'NOT checked: proof, rules, statement', 'is signed.'],
    ['de', 'ok: das Bündel ist unversehrt', 'NICHT angesehen: Beweis, Regeln, Aussage', 'ist signiert.'],
  ])('says before all checks what that leaves out: %s', async (language, first, second, check) => {
    const verified = ['bundle', 'verify', at('bundle.zip'), '--trust', at('trust.json'), '--lang', language];
    const lines = (await cap(verified)).out.split('\n');
    expect(lines[0]).toContain(first);
    expect(lines[1]).toContain(second);
    expect(lines.join('\n')).toContain(check);
  });

  it('says what the bundle shows before it is handed over', async () => {
    for (const name of ['bundle.zip', 'project']) {
      const { code, out } = await cap(['inspect', at(name), '--json']);
      expect(code).toBe(0);
      const shown = JSON.parse(out);
      expect(shown).toMatchObject({ company: { name: 'ACME GmbH' }, backend: 'disclosure' });
      const [suppliers] = shown.lists;
      expect(suppliers).toMatchObject({ list: 'suppliers', count: 48, opened_rows: 48 });
      expect(suppliers.opened_fields).toMatchObject({ name: 48, jurisdiction: 48 });
      expect(suppliers.hidden_fields).toHaveProperty('audit_date');
    }
    expect((await cap(['inspect', at('bundle.zip')])).out).toContain('opens 48 rows');
    expect((await cap(['bundle', 'inspect', at('bundle.zip')])).out).toContain('signatures.json');
  });

  it('keeps a log of what was done, which the manifest pins', async () => {
    expect((await cap(['audit', 'verify', '--project', at('project')])).code).toBe(0);
    await cp(at('project'), at('cut'), { recursive: true });
    await writeFile(at('cut', 'audit.jsonl'), '');
    expect((await cap(['audit', 'verify', '--project', at('cut')])).code).toBe(2);
    // The newest event only: what the manifest names is all there.
    const lines = (await readFile(at('project', 'audit.jsonl'), 'utf8')).split('\n');
    expect(lines.at(-2)).toContain('bundle.created');
    await writeFile(at('cut', 'audit.jsonl'), `${lines.slice(0, -2).join('\n')}\n`);
    const { code, out } = await cap(['audit', 'verify', '--project', at('cut')]);
    expect([code, out]).toEqual([2, expect.stringContaining('its newest are lost')]);
  });

  it('makes the same bundle twice when SOURCE_DATE_EPOCH is set', async () => {
    const env = { SOURCE_DATE_EPOCH: '1762423200' };
    const create = (out: string) =>
      cap(['bundle', 'create', '--project', at('project'), '--key', kid, '--out', out], { env, now: new Date() });
    const [first, second] = [await create(at('a.zip')), await create(at('b.zip'))];
    expect(first.out).toBe(second.out);
    expect(await readFile(at('a.zip'))).toEqual(await readFile(at('b.zip')));
  });

  it('is signed only by the key that the proof names, which is made for bundles, and asks for the passphrase by the names of its variables', async () => {
    await cp(at('project'), at('locked'), { recursive: true });
    const place = ['--project', at('locked'), '--keys', at('other-keys')];
    const env = { CAP_KEY_PASSPHRASE: 'correct horse' };
    const locked = (
      await cap(['keys', 'generate', '--keys', at('other-keys'), '--owner', 'x', '--usage', 'bundle'], { env })
    ).out.trim();
    await done('prove', ...place, '--backend', 'mock');
    const bundle = (key: string, given: Record<string, string> = {}) =>
      cap(['bundle', 'create', ...place, '--key', key, '--out', at('o.zip')], { env: given });
    for (const other of [kid, 'f'.repeat(32), 'x'])
      expect(await bundle(other, env)).toMatchObject({ code: 64, err: expect.stringContaining(`--key ${locked}`) });
    expect(await bundle(locked)).toMatchObject({ code: 65, err: expect.stringContaining('CAP_KEY_PASSPHRASE_FILE') });
    const record = at('other-keys', `${locked}.json`);
    const written = await readFile(record, 'utf8');
    await writeFile(record, written.replace('"bundle"', '"backup"'));
    expect(await bundle(locked, env)).toMatchObject({
      code: 77,
      err: expect.stringContaining('lacks the usage bundle'),
    });
    expect(await readdir(home)).not.toContain('o.zip');
    await writeFile(record, written);
    expect((await bundle(locked, env)).code).toBe(0);
  });

  it('warns about mere claims, or fails them', async () => {
    await cp(at('project'), at('claims'), { recursive: true });
    await done('prove', '--project', at('claims'), '--backend', 'mock');
    await done('bundle', 'create', '--project', at('claims'), '--key', kid, '--out', at('claims.zip'));
    const own = ['verify', at('claims.zip'), '--policy', at('policy.json'), '--trust', at('trust.json')];
    expect((await cap(own)).code).toBe(1);
    expect((await cap([...own, '--no-allow-mock'])).code).toBe(2);
    expect((await cap([...own, '--environment', 'production'])).code).toBe(2);
    expect((await cap([...own, '--backend', 'disclosure'])).code).toBe(2);
  });

  it('warns when others may read the salts, and says what to do', async () => {
    await cp(at('project'), at('open'), { recursive: true });
    const secrets = at('open', 'secrets.json');
    await chmod(secrets, 0o644);
    const { code, err } = await cap(['prove', '--project', at('open')]);
    expect(code).toBe(0);
    expect(err).toContain(`${secrets} has mode 0644`);
    expect(err).toContain(`chmod 600 ${secrets}`);
    await chmod(secrets, 0o600);
    expect((await cap(['prove', '--project', at('open')])).err).not.toContain('mode');
  });

  it('calls a policy with lint errors, stale commitments and a changed manifest malformed input, not a fault', async () => {
    await cp(at('project'), at('stale'), { recursive: true });
    const rule = { id: 'few', op: 'no_such_operator', lhs: 'supplier_count', rhs: 3 };
    await writeFile(at('linted.json'), JSON.stringify({ id: 'p', version: '1', rules: [rule] }));
    const build = await cap(['manifest', 'build', '--project', at('stale'), '--policy', at('linted.json')]);
    expect([build.code, build.err]).toEqual([65, expect.stringContaining('E2001')]);

    const rows = await readFile(at('stale', 'lists', 'ubos.json'), 'utf8');
    await writeFile(at('stale', 'lists', 'ubos.json'), rows.replace(/"birthdate":"19/, '"birthdate":"18'));
    const prove = await cap(['prove', '--project', at('stale')]);
    expect([prove.code, prove.err]).toEqual([65, expect.stringContaining('proof.other-lists')]);

    await writeFile(at('stale', 'manifest.json'), `${await readFile(at('stale', 'manifest.json'), 'utf8')}\n`);
    const spelled = await cap(['prove', '--project', at('stale')]);
    expect([spelled.code, spelled.err]).toEqual([65, expect.stringContaining('manifest.canonical')]);
  });

  it('refuses to prove what does not hold, names the rule, and writes nothing', async () => {
    await cp(at('project'), at('false'), { recursive: true });
    const strict = { ...POLICY, constraints: { ...POLICY.constraints, supplier_count_max: 47 } };
    await writeFile(at('strict.json'), JSON.stringify(strict));
    await done(
      ...['manifest', 'build', '--project', at('false'), '--policy', at('strict.json')],
      ...['--sanctions', 'examples/sanctions.csv', '--jurisdictions', 'examples/jurisdictions.csv'],
    );
    const { code, err } = await cap(['prove', '--project', at('false')]);
    expect(code).toBe(2);
    expect(err).toContain('supplier_count_max');
    expect(await readdir(at('false'))).not.toContain('proof.capz');
    expect((await cap(['prove', '--project', at('false'), '--backend', 'zkvm'])).code).toBe(64);
  });

  it('names the country of a row that is not allowed, and why', async () => {
    await writeFile(
      at('far.csv'),
      'name,jurisdiction,tier,due_diligence\nNear,DE,1,\nFar,KP,1,\nAgreed,KP,1,true\nMissing,FR,1,\n',
    );
    await writeFile(at('far-owners.csv'), 'name,birthdate,citizenship\nJane,1970-01-01,KP\n');
    await writeFile(at('risks.csv'), 'iso_code,risk_level\nDE,low\nKP,high\n');
    const rule = (id: string, lhs: string, rhs: unknown) => ({ id, op: 'in', lhs, rhs });
    const rules = [
      rule('risk', 'suppliers.code', { exclude_risk: 'high', unless: 'due_diligence' }),
      rule('named', 'suppliers.code', ['DE', 'FR']),
      rule('owners', 'ubos.code', { exclude_risk: 'high' }),
    ];
    await writeFile(
      at('countries.json'),
      JSON.stringify({ id: 'p', version: '1.0.0', legal_basis: [{ directive: 'x', article: '1' }], rules }),
    );
    await done('prepare', '--suppliers', at('far.csv'), '--ubos', at('far-owners.csv'), '--out', at('far'));
    await done('keys', 'generate', '--project', at('far'), '--owner', 'Compliance');
    const risks = ['--jurisdictions', at('risks.csv')];
    await done('manifest', 'build', '--project', at('far'), '--policy', at('countries.json'), ...risks);
    const { code, out, err } = await cap(['prove', '--project', at('far'), '--json']);
    expect(code).toBe(2);
    for (const words of [
      'suppliers line 3 ("Far") is in KP, which is not an allowed country (risk high, no due diligence)',
      'suppliers line 5 ("Missing") is in FR, which is not an allowed country (risk unknown, no due diligence)',
      'suppliers line 4 ("Agreed") is in KP, which is not an allowed country\n',
      'ubos line 2 ("Jane") is in KP, which is not an allowed country (risk high)',
    ])
      expect(err).toContain(words);
    const { details } = JSON.parse(out).error as { details: { rule_id: string; rows: object[] }[] };
    expect(details.map(({ rule_id, rows }) => [rule_id, rows.length])).toEqual([
      ['risk', 2],
      ['named', 2],
      ['owners', 1],
    ]);
    expect(details[0]!.rows[0]).toEqual({
      list: 'suppliers',
      line: 3,
      name: 'Far',
      country: 'KP',
      risk: 'high',
      lacks: 'due_diligence',
    });
    expect(details[1]!.rows[0]).toEqual({ list: 'suppliers', line: 3, name: 'Far', country: 'KP' });
  });

  it('names every row that breaks a rule, and the list entry that it is', async () => {
    const names = Array.from({ length: 12 }, (_, i) => `Grau ${i} GmbH`);
    await writeFile(
      at('grey.csv'),
      `name,jurisdiction,tier\nFine AG,DE,1\n${names.map((n) => `${n},DE,1\n`).join('')}`,
    );
    await writeFile(at('owners.csv'), 'name,birthdate,citizenship\nJane,1970-01-01,DE\n');
    const entries = names.map((name, i) => `${name.toUpperCase()},,DE,EU.${i}\n`).join('');
    await writeFile(at('grey-list.csv'), `name,birthdate,nationality,id\nJane,1971-01-01,DE,\n${entries}`);
    await done('prepare', '--suppliers', at('grey.csv'), '--ubos', at('owners.csv'), '--out', at('grey'));
    const lists = ['--sanctions', at('grey-list.csv'), '--jurisdictions', 'examples/jurisdictions.csv'];
    await done('manifest', 'build', '--project', at('grey'), '--policy', at('policy.json'), ...lists);
    await done('keys', 'generate', '--project', at('grey'), '--owner', 'Compliance');
    const prove = (...argv: string[]) => cap(['prove', '--project', at('grey'), ...argv]);

    const { code, err } = await prove();
    expect(code).toBe(2);
    expect(err).toContain('suppliers line 3 ("Grau 0 GmbH") is "GRAU 0 GMBH", id EU.0 in line 3 of sanctions');
    expect(err).toContain('"Grau 9 GmbH"');
    expect(err).not.toContain('"Grau 10 GmbH"');
    expect(err).toContain('and 2 more');

    const { details } = JSON.parse((await prove('--json')).out).error;
    const { rows } = details.find(({ rule_id }: { rule_id: string }) => rule_id === 'sanctions_root.suppliers');
    expect(rows).toHaveLength(12);
    expect(rows[11]).toEqual({
      list: 'suppliers',
      line: 14,
      name: 'Grau 11 GmbH',
      hit: { reference_list: 'sanctions', line: 14, name: 'GRAU 11 GMBH', id: 'EU.11' },
    });

    expect((await prove('--out', at('rows.txt'))).code).toBe(2);
    const text = await readFile(at('rows.txt'), 'utf8');
    for (const name of names) expect(text).toContain(`("${name}") is "${name.toUpperCase()}"`);
    expect((await stat(at('rows.txt'))).mode & 0o777).toBe(0o600);
    await prove('--json', '--out', at('rows.json'));
    expect(JSON.parse(await readFile(at('rows.json'), 'utf8'))).toEqual(details);
  }, 60_000);
});

describe('cap prepare', () => {
  it('reports every bad row of both lists, and makes nothing', async () => {
    const home = await scratch();
    const suppliers = path.join(home, 's.csv');
    const ubos = path.join(home, 'u.csv');
    await writeFile(suppliers, 'name,jurisdiction,tier\nA,DE,1\nB,XX,1\nC,DE,zero\n');
    await writeFile(ubos, 'name,birthdate,citizenship\nD,1970-02-30,DE\n');
    const { code, out, err } = await cap([
      'prepare',
      '--suppliers',
      suppliers,
      '--ubos',
      ubos,
      '--out',
      path.join(home, 'p'),
    ]);
    expect(code).toBe(65);
    expect(out).toBe('');
    for (const place of [`${suppliers}:3: jurisdiction`, `${suppliers}:4: tier`, `${ubos}:2: birthdate`])
      expect(err).toContain(place);
    expect(await readdir(home)).not.toContain('p');
  });

  it('reads other delimiters, encodings and headers', async () => {
    const home = await scratch();
    const suppliers = path.join(home, 's.csv');
    await writeFile(suppliers, Buffer.from('Firma;Land;Stufe\nMüller & Söhne;DE;1\n', 'latin1'));
    await writeFile(path.join(home, 'u.csv'), 'Name;birthdate;citizenship\nJane;1970-01-01;DE\n');
    const { code, out, err } = await cap([
      ...['prepare', '--suppliers', suppliers, '--ubos', path.join(home, 'u.csv'), '--out', path.join(home, 'p')],
      ...['--delimiter', ';', '--encoding', 'windows-1252', '--json'],
      ...['--columns', 'suppliers.name=Firma,jurisdiction=Land,tier=Stufe'],
    ]);
    expect([code, err]).toEqual([0, expect.stringContaining('secrets.json')]);
    expect(JSON.parse(out).commitments.slice(0, 2)).toMatchObject([
      { list: 'suppliers', count: 1, id_scheme: 'name' },
      { list: 'ubos', count: 1, id_scheme: 'person' },
    ]);
    expect(await readFile(path.join(home, 'p', 'lists', 'suppliers.json'), 'utf8')).toContain('Müller & Söhne');
  });

  it('reads each list with its own delimiter and encoding', async () => {
    const home = await scratch();
    const at = (name: string) => path.join(home, name);
    await writeFile(at('s.csv'), Buffer.from('name;jurisdiction;tier\nMüller & Söhne;DE;1\n', 'latin1'));
    await writeFile(at('u.csv'), 'name\tbirthdate\tcitizenship\nJörg\t1970-01-01\tDE\n');
    const prepare = (out: string, ...more: string[]) =>
      cap(['prepare', '--suppliers', at('s.csv'), '--ubos', at('u.csv'), '--out', at(out), ...more]);
    const own = ['--delimiter', 'suppliers=;', '--delimiter', 'ubos=tab', '--encoding', 'suppliers=windows-1252'];
    expect((await prepare('p', ...own)).code).toBe(0);
    expect(await readFile(at('p/lists/suppliers.json'), 'utf8')).toContain('Müller & Söhne');
    expect(await readFile(at('p/lists/ubos.json'), 'utf8')).toContain('Jörg');
    expect(await prepare('q', '--delimiter', ';', '--delimiter', 'ubos=tab')).toMatchObject({
      code: 64,
      err: expect.stringContaining('--delimiter: ubos can have one value'),
    });
    expect((await prepare('q', '--delimiter', 'owners=;')).code).toBe(64);
  });

  it('takes one list from stdin, never overwrites a project, knows no other columns', async () => {
    const out = path.join(await scratch(), 'p');
    const argv = ['prepare', '--suppliers', '-', '--ubos', 'examples/ubos.csv', '--out', out];
    const stdin = await readFile('examples/suppliers.csv');
    expect((await cap(argv, { stdin })).code).toBe(0);
    expect((await cap(argv, { stdin })).code).toBe(73);
    expect((await cap([...argv, '--columns', 'colour=Farbe'], { stdin })).code).toBe(64);
    expect((await cap(['prepare', '--suppliers', '-', '--ubos', '-', '--out', out])).code).toBe(64);
    expect((await cap(['prepare', '--suppliers', 'none.csv', '--ubos', 'none.csv', '--out', out])).code).toBe(66);
  });
});
