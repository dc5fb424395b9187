import { copyFile, readFile, writeFile } from 'node:fs/promises';
import { beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { Report } from '@cap/verify';
import { provedBundle, type ProvedBundle } from '../bundle/proved-bundle.fixture.js';
import { cap } from '../cli.fixture.js';

let made: ProvedBundle;
beforeAll(async () => void (made = await provedBundle()));

const verify = (...argv: string[]) => cap(['verify', made.at('bundle.zip'), '--trust', made.at('own.json'), ...argv]);
const check = (out: string, id: string) =>
  (JSON.parse(out) as Report).checks.find((one) => one.id === id) as Report['checks'][number];

describe('the age of a list that the verifier holds', () => {
  beforeEach(() => copyFile(made.at('trust.json'), made.at('own.json')));
  const trust = async (...lists: string[]) => {
    for (const list of lists)
      expect((await cap(['trust', 'add', made.at('own.json'), '--reference-list', list])).code).toBe(0);
  };
  const judged = async (...lists: string[]) => {
    const { code, out } = await verify('--policy', made.at('policy.json'), ...lists, '--json');
    const { status, actual } = check(out, 'lists.age');
    return [code, status, actual];
  };
  const used = 'sanctions=examples/sanctions.csv';
  const newer = async () => {
    const bytes = await readFile('examples/sanctions.csv');
    await writeFile(made.at('newer.csv'), Buffer.concat([bytes, Buffer.from('Somebody New,,,\n')]));
    return `sanctions=${made.at('newer.csv')}@2025-11-05`;
  };

  it('is ok where there is no newer one', async () => {
    expect(await judged('--list', `${used}@2025-11-01`)).toEqual([0, 'ok', 'sanctions: as of 2025-11-01']);
  });

  it('warns of a newer one of trust.json', async () => {
    await trust(await newer());
    expect(await judged('--list', `${used}@2025-11-01`)).toEqual([
      1,
      'warn',
      'sanctions: as of 2025-11-01, the newest is of 2025-11-05',
    ]);
  });

  it('warns of a newer one of --list when the used one is that of trust.json', async () => {
    await trust(`${used}@2025-11-01`);
    expect(await judged('--list', await newer())).toEqual([
      1,
      'warn',
      'sanctions: as of 2025-11-01, the newest is of 2025-11-05',
    ]);
  });

  it('takes the later of two days of the same contents', async () => {
    await trust(`${used}@2025-11-04`);
    expect(await judged('--list', `${used}@2025-11-01`)).toEqual([0, 'ok', 'sanctions: as of 2025-11-04']);
  });
});

describe('a policy that is not sound', () => {
  const rule = { id: 'few', op: 'range_max', lhs: 'supplier_count', rhs: 100 };
  const policy = async (name: string, members: object) => {
    await writeFile(made.at(name), JSON.stringify({ id: 'p', version: '1', ...members }));
    return made.at(name);
  };

  it('is refused as malformed input that names the file and the lint', async () => {
    const file = await policy('typo.json', { rules: [rule, { ...rule, id: 'odd', op: 'roughly' }] });
    for (const more of [[], ['--url', 'http://127.0.0.1:1']]) {
      const { code, out, err } = await cap(['verify', made.at('bundle.zip'), '--policy', file, ...more]);
      expect([code, out]).toEqual([65, '']);
      expect(err).toContain(`${file}: E2001: rule odd: operator roughly`);
    }
  });

  it('is refused in trust.json too', async () => {
    const file = await policy('lint.json', { rules: [{ ...rule, op: 'roughly' }] });
    const { policy_hash } = JSON.parse((await cap(['policy', 'validate', file, '--json'])).out);
    const trust = JSON.parse(await readFile(made.at('trust.json'), 'utf8'));
    trust.policies = [{ hash: policy_hash, policy: JSON.parse(await readFile(file, 'utf8')) }];
    await writeFile(made.at('own.json'), JSON.stringify(trust));
    const { code, err } = await verify();
    expect(code).toBe(65);
    expect(err).toContain(`${made.at('own.json')}: policies.0`);
    expect(err).toContain('E2001');
  });

  it('may leave out what only style wants', async () => {
    const file = await policy('lax.json', { rules: [rule] });
    // It is another policy than the manifest's, so the verdict is fail; but it is judged.
    expect((await cap(['verify', made.at('bundle.zip'), '--policy', file])).code).toBe(2);
  });
});

describe('--policy', () => {
  it.each(['0xabc', `0x${'A'.repeat(64)}`, 'sha3-256:', `sha3-256:${'1'.repeat(63)}`])(
    '%s is a malformed hash, and no file that is missing',
    async (policy) => {
      const { code, err } = await cap(['verify', made.at('bundle.zip'), '--policy', policy]);
      expect([code, err]).toEqual([64, expect.stringContaining('64 lower-case hex digits')]);
    },
  );

  it('may be a file whose name begins like a hash', async () => {
    const { code, err } = await cap(['verify', made.at('bundle.zip'), '--policy', '0x-policy.json']);
    expect([code, err]).toEqual([66, expect.stringContaining('no such file: 0x-policy.json')]);
  });
});

describe('what can not be meant', () => {
  const list = 'sanctions=-@2025-11-01';
  it.each<[string, string[]]>([
    ['policy and trust store from stdin', ['verify', 'b.zip', '--policy', '-', '--trust', '-']],
    ['bundle and policy from stdin', ['verify', '-', '--policy', '-']],
    ['bundle and a list from stdin', ['verify', '-', '--list', list]],
    ['two lists from stdin', ['verify', 'b.zip', '--list', list, '--list', 'jurisdictions=-@2025-11-01']],
    ['bundle and trust store from stdin', ['bundle', 'verify', '-', '--trust', '-']],
    ['bundle and trust store from stdin', ['bundle', 'inspect', '-', '--trust', '-']],
    ['bundle and trust store from stdin', ['inspect', '-', '--trust', '-']],
    ['trust store and policy from stdin', ['trust', 'add', '-', '--policy', '-']],
    ['policy and cases from stdin', ['policy', 'test', '-', '-']],
    ['the signature beside stdin', ['verify', 'b.zip', '--trust', '-', '--trust-signer', 'k.pub']],
    ['bundle and receipt from stdin', ['verify', '-', '--trust', 't.json', '--receipt', '-']],
    ['a receipt by nobody’s word', ['verify', 'b.zip', '--receipt', 'r.json']],
    ['a receipt for a service', ['verify', 'b.zip', '--receipt', 'r.json', '--url', 'http://127.0.0.1:1']],
    ['an empty nonce', ['verify', 'b.zip', '--nonce', '']],
    ['an empty audience', ['verify', 'b.zip', '--audience', '']],
    ['an empty audience at a service', ['verify', 'b.zip', '--audience', '', '--url', 'http://127.0.0.1:1']],
  ])('%s is a usage error: %j', async (_, argv) => {
    const { code, out, err } = await cap(argv, { stdin: 'x' });
    expect([code, out]).toEqual([64, '']);
    expect(err).toMatch(/^cap: option(\.(stdin|contradiction): | '--(nonce|audience) <text>' argument '' is invalid)/);
  });

  it('one thing may come from stdin', async () => {
    const stdin = await readFile(made.at('trust.json'));
    const { code } = await cap(['bundle', 'verify', made.at('bundle.zip'), '--trust', '-'], { stdin });
    expect(code).toBe(0);
  });
});
