import { readdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { beforeAll, describe, expect, it } from '@jest/globals';
import { cap, scratch } from '../cli.fixture.js';

const LISTED = 'name,birthdate,nationality,id\nOstrander Stahl OAO,1995-05-05,RU,EX-77\n';
// Every row has a number, as the export of a purchasing system has; none of them is a number of the list.
const NUMBERED = 'Kreditor;Name 1;Land;Stufe\n0000100234;Ostrander Stahl OAO;RU;1\n0000100235;Helle Werke GmbH;DE;1\n';
const MAPPED = 'suppliers.id=Kreditor,suppliers.name=Name 1,suppliers.jurisdiction=Land,suppliers.tier=Stufe';
const OWNERS = 'name;birthdate;citizenship\nAnna Beispiel;1970-01-01;DE\nJan Muster;1971-02-02;DE\n';
const EXAMPLES = 'examples/policies';

let home: string;
const at = (...names: string[]) => path.join(home, ...names);
const key = async (project: string) =>
  (await cap(['keys', 'generate', '--project', project, '--owner', 'Compliance'])).out.trim();
const prepare = (out: string, suppliers: string, ...more: string[]) =>
  cap(['prepare', '--suppliers', suppliers, '--ubos', at('owners.csv'), '--delimiter', ';', '--out', out, ...more]);
const lists = () => [
  ...['--sanctions', `${at('listed.csv')}@2025-11-05`],
  ...['--jurisdictions', 'examples/jurisdictions.csv@2025-11-05'],
];
const build = (project: string, policy: string, scheme = 'kzg-columns') =>
  cap(['manifest', 'build', '--project', project, '--policy', policy, '--scheme', scheme, ...lists()]);

beforeAll(async () => {
  home = await scratch();
  await writeFile(at('listed.csv'), LISTED);
  await writeFile(at('numbered.csv'), NUMBERED);
  await writeFile(at('owners.csv'), OWNERS);
  await writeFile(at('elsewhere.csv'), 'name;jurisdiction;tier\nOstrander Stahl OAO;DE;1\n');
});

async function shippedPolicies(): Promise<string[]> {
  const names = await readdir(EXAMPLES, { recursive: true });
  return names.filter((name) => /\.v\d\.(yaml|json)$/.test(name)).map((name) => path.join(EXAMPLES, name));
}

describe('a supplier with the name and country of a listed one', () => {
  it('is found by every shipped policy, whatever number it has', async () => {
    const { code, err } = await prepare(at('numbered'), at('numbered.csv'), '--columns', MAPPED);
    expect(code).toBe(0);
    expect(err).toContain('suppliers are compared by name and country; register numbers are not compared');
    expect(err).toContain('ubos are compared by name and date of birth');
    await key(at('numbered'));
    const policies = await shippedPolicies();
    expect(policies.length).toBeGreaterThan(3);
    for (const policy of policies)
      for (const scheme of ['kzg-columns', 'merkle-blake3']) {
        expect([policy, (await build(at('numbered'), policy, scheme)).code]).toEqual([policy, 0]);
        const proved = await cap(['prove', '--project', at('numbered')]);
        expect([policy, proved.code, proved.err]).toEqual([policy, 2, expect.stringContaining('Ostrander Stahl OAO')]);
      }
  });

  it('committed by number can not be shown to be absent, and that is not called false', async () => {
    await writeFile(at('harmless.csv'), 'id;name;jurisdiction;tier\n77;Helle Werke GmbH;DE;1\n');
    const prepared = await prepare(at('harmless'), at('harmless.csv'), '--id-scheme', 'suppliers=id');
    expect([prepared.code, prepared.err]).toEqual([0, expect.stringContaining('by id; names are not compared')]);
    await key(at('harmless'));
    await build(at('harmless'), `${EXAMPLES}/lksg.v2.yaml`);
    const { code, err } = await cap(['prove', '--project', at('harmless')]);
    expect(code).toBe(2);
    expect(err).toContain('rule suppliers-not-sanctioned');
    expect(err).toContain('--id-scheme suppliers=name');
    expect(err).not.toContain('does not hold');
  });

  it('is another one in another country, and every place says what was compared', async () => {
    const words = 'name and country; register numbers are not compared';
    const project = at('elsewhere');
    expect((await prepare(project, at('elsewhere.csv'))).err).toContain(words);
    const kid = await key(project);
    await build(project, `${EXAMPLES}/lksg.v2.yaml`, 'merkle-blake3');
    const proved = await cap(['prove', '--project', project]);
    expect([proved.code, proved.err]).toEqual([0, expect.stringContaining(words)]);
    const bundle = at('elsewhere.zip');
    expect((await cap(['bundle', 'create', '--project', project, '--key', kid, '--out', bundle])).code).toBe(0);
    for (const argv of [
      ['inspect', project],
      ['inspect', bundle],
      ['bundle', 'inspect', bundle],
    ])
      expect([argv[0], (await cap(argv)).out]).toEqual([argv[0], expect.stringContaining(words)]);
    await cap(['trust', 'init', '--out', at('trust.json')]);
    await cap([
      ...['trust', 'add', at('trust.json'), '--signer', path.join(project, 'keys', `${kid}.pub`)],
      ...['--reference-list', `sanctions=${at('listed.csv')}@2025-11-05`],
      ...['--reference-list', 'jurisdictions=examples/jurisdictions.csv@2025-11-05'],
    ]);
    const verify = ['verify', bundle, '--policy', `${EXAMPLES}/lksg.v2.yaml`, '--trust', at('trust.json')];
    const judged = await cap(verify);
    expect([judged.code, judged.out]).toEqual([0, expect.stringContaining(words)]);
    expect((await cap([...verify, '--lang', 'de'])).out).toContain(
      'Name und Land; Registernummern werden nicht verglichen',
    );
  });
});

describe('a reference list on which nobody could be found', () => {
  it('is said by manifest build for the rule that asks, refused by prove, and said for what can not be compared', async () => {
    const project = at('mute');
    await prepare(project, at('elsewhere.csv'));
    await key(project);
    await writeFile(at('listed.csv'), 'name,birthdate\nSomebody,1971-02-02\n'); // no countries: says nothing of firms
    const proving = ['prove', '--project', project, '--backend'];
    try {
      const mute = '0 of 1 entries of sanctions can be compared with suppliers by name and country';
      for (const [scheme, backend] of [
        ['merkle-blake3', 'disclosure'],
        ['kzg-columns', 'kzg-columns'],
        ['kzg-columns', 'mock'],
      ] as const) {
        const built = await build(project, `${EXAMPLES}/lksg.v2.yaml`, scheme);
        expect([built.code, built.err]).toEqual([
          0,
          expect.stringContaining(`${mute}: the rule over them can't be proven`),
        ]);
        const refused = await cap([...proving, backend]);
        expect([backend, refused.code, refused.err]).toEqual([backend, 65, expect.stringContaining('list.empty')]);
        expect(refused.err).toContain(mute);
        expect(await readdir(project)).not.toContain('proof.capz');
      }
      await writeFile(at('listed.csv'), 'name,birthdate,nationality\nNobody,1900-01-01,RU\nAlias,1900-01-01,\n');
      const partly = await build(project, `${EXAMPLES}/lksg.v2.yaml`, 'merkle-blake3');
      const words = '1 of 2 entries of sanctions can be compared with suppliers by name and country';
      expect([partly.code, partly.err]).toEqual([0, expect.stringContaining(words)]);
      const proved = await cap(['prove', '--project', project]);
      expect([proved.code, proved.err]).toEqual([0, expect.stringContaining(words)]);
    } finally {
      await writeFile(at('listed.csv'), LISTED);
    }
  });

  it('hides no supplier that is on it: a rule that rows break comes first', async () => {
    await writeFile(
      at('firms.csv'),
      'name,birthdate,nationality,id\n\u30cf\u30ca\u5546\u4e8b,,JP,X1\n\u0e44\u0e17\u0e22\u0e14\u0e35,,TH,X2\n',
    );
    const names = [
      '\u30cf\u30ca\u5546\u4e8b;JP',
      '\u30d0\u30ca\u5546\u4e8b;JP',
      '\u0e44\u0e17\u0e22\u0e14\u0e35;TH',
      '\u0e44\u0e17\u0e22\u0e14\u0e39;TH',
    ];
    await writeFile(at('four.csv'), `name;jurisdiction;tier\n${names.map((name) => `${name};1\n`).join('')}`);
    const project = at('four');
    await prepare(project, at('four.csv'));
    await key(project);
    for (const scheme of ['kzg-columns', 'merkle-blake3']) {
      const argv = [
        'manifest',
        'build',
        '--project',
        project,
        '--policy',
        `${EXAMPLES}/lksg.v1.json`,
        '--scheme',
        scheme,
      ];
      const built = await cap([
        ...argv,
        ...['--sanctions', `${at('firms.csv')}@2025-11-05`],
        ...['--jurisdictions', 'examples/jurisdictions.csv@2025-11-05'],
      ]);
      expect([built.code, built.err]).toEqual([
        0,
        expect.stringContaining(
          "0 of 2 entries of sanctions can be compared with ubos by name and date of birth: the rule over them can't be proven",
        ),
      ]);
      const { code, err, out } = await cap(['prove', '--project', project, '--json']);
      expect([code, err]).toEqual([2, expect.stringContaining('rule sanctions_root.suppliers does not hold')]);
      expect(err).not.toContain('sanctions_root.ubos does not hold');
      const { details } = JSON.parse(out).error as { details: { rule_id: string; status: string; rows: object[] }[] };
      expect(details.filter(({ rule_id }) => rule_id.startsWith('sanctions'))).toEqual([
        {
          rule_id: 'sanctions_root.suppliers',
          status: 'violated',
          rows: [
            expect.objectContaining({ line: 2, hit: expect.objectContaining({ id: 'X1' }) }),
            expect.objectContaining({ line: 4, hit: expect.objectContaining({ id: 'X2' }) }),
          ],
        },
        { rule_id: 'sanctions_root.ubos', status: 'unproven', rows: [] },
      ]);
      const every = at(`every-${scheme}.txt`);
      await cap(['prove', '--project', project, '--out', every]);
      expect(await readFile(every, 'utf8')).toContain("sanctions_root.ubos: can't be proven with these lists");
    }
  });

  it('a day to come is refused', async () => {
    const argv = ['manifest', 'build', '--project', at('numbered'), '--policy', `${EXAMPLES}/lksg.v2.yaml`];
    const { code, err } = await cap([...argv, '--sanctions', `${at('listed.csv')}@2025-11-08`]);
    expect([code, err]).toEqual([64, expect.stringContaining('in the future')]);
  });
});

describe('a manifest build that is refused', () => {
  it("names the user's file, and says that the manifest that was there is unchanged, if one was", async () => {
    const project = at('rebuilt');
    await prepare(project, at('elsewhere.csv'));
    await writeFile(at('eu3.csv'), 'name;nationality\nVor;RU\n');
    await writeFile(at('eu3.xlsx'), 'PK\u0003\u0004 and more');
    await writeFile(at('none.csv'), 'name\n');
    const rebuild = (list: string) =>
      cap(['manifest', 'build', '--project', project, '--policy', `${EXAMPLES}/lksg.v2.yaml`, '--sanctions', list]);
    const fresh = await rebuild(`${at('eu3.csv')}@2025-11-05`);
    expect(fresh.err).not.toContain('unchanged');
    expect((await build(project, `${EXAMPLES}/lksg.v2.yaml`)).code).toBe(0);
    const manifest = await readFile(path.join(project, 'manifest.json'));
    for (const [file, words, code] of [
      ['eu3.csv', 'eu3.csv:1: the fields are separated by ";"', 65],
      ['eu3.xlsx', 'eu3.xlsx:1: this is a workbook', 65],
      ['none.csv', 'none.csv: the list has no entry', 65],
      ['absent.csv', 'absent.csv', 66],
    ] as const) {
      const refused = await rebuild(`${at(file)}@2025-11-05`);
      expect([file, refused.code, refused.err]).toEqual([file, code, expect.stringContaining(words)]);
      expect(refused.err).toMatch(/the existing manifest, 0x[0-9a-f]{64}, is unchanged/);
      expect(refused.err).not.toContain('sanctions.csv');
      expect(await readFile(path.join(project, 'manifest.json'))).toEqual(manifest);
    }
  });
});

describe('--id-scheme', () => {
  it.each([['iris'], ['owners=id'], ['suppliers=person']])(
    '%s is wrong usage, before anything is written',
    async (scheme) => {
      const { code } = await prepare(at('never'), at('elsewhere.csv'), '--id-scheme', scheme);
      expect(code).toBe(64);
      expect(await readdir(home)).not.toContain('never');
    },
  );

  it('two for one list are wrong usage; rows that lack it are named', async () => {
    const two = await prepare(at('never'), at('elsewhere.csv'), '--id-scheme', 'id', '--id-scheme', 'suppliers=name');
    expect([two.code, two.err]).toEqual([64, expect.stringContaining('id and name')]);
    const both = await prepare(at('never'), at('elsewhere.csv'), '--id-scheme', 'id');
    expect([both.code, both.err]).toEqual([65, expect.stringContaining('elsewhere.csv:2: id')]);
    const lacking = await prepare(at('never'), at('elsewhere.csv'), '--id-scheme', 'suppliers=id');
    expect([lacking.code, lacking.err]).toEqual([65, expect.stringContaining('scheme id needs id')]);
    expect(await readdir(home)).not.toContain('never');
  });
});
