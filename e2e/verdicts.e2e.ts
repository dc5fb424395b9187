import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { jcs } from '../libs/core/src/index.js';
import { compilePolicy } from '../libs/policy/src/index.js';
import { policyOf, RULES } from '../libs/proof/src/backends/proving.fixture.js';
import { encodeContainer } from '../libs/proof/src/container/container.js';
import { legacyZip } from '../libs/verify/src/legacy/legacy.fixture.js';
import {
  makeBundle,
  newSigner,
  NOW,
  signerRecord,
  tampered,
  type Made,
  type Recipe,
} from '../libs/verify/src/verification.fixture.js';
import { cap, freePort, prepareStack, Service, stopAll, type Stack } from '../scripts/local-stack.mjs';
import { temporaryDirectory } from './example-project.js';
import { call, postJson } from './world.js';

const ZEROS = Buffer.alloc(32);
const signers = {
  good: newSigner(),
  other: newSigner(),
  revoked: newSigner(),
  expired: newSigner(),
  stranger: newSigner(),
};
const TRUSTED = [
  signerRecord(signers.good),
  signerRecord(signers.other),
  signerRecord(signers.revoked, { revoked_at: '2026-01-20T00:00:00Z' }),
  signerRecord(signers.expired, { valid_to: '2026-01-31T00:00:00Z' }),
];

/** One cell of the verdict table: how the bundle is made, what is asked, and what comes out. */
interface Cell {
  recipe?: Recipe;
  zip?: (made: Made) => Buffer;
  /** Query of POST /verify; `cap verify` gets the same as flags. */
  ask?: Record<string, string>;
  /** What the registry says of the policy; `unknown` is a policy that nobody published. */
  policy?: 'active' | 'deprecated' | 'draft' | 'unknown';
  /** Judged by a verifier in production. */
  production?: true;
  result: 'ok' | 'warn' | 'fail';
  /** The checks that are not ok or skipped, and the rules that are neither proven nor disclosed. */
  because: string[];
}

const proof = (change: (bytes: Buffer) => Buffer) => (made: Made) =>
  tampered(made, {
    files: (files) => files.set('proof.capz', change(Buffer.from(files.get('proof.capz')!))),
    signers: [signers.good],
  });
const at = (offset: number, value: number) => (bytes: Buffer) => {
  bytes[offset] = value;
  return bytes;
};

const TABLE: Record<string, Cell> = {
  'everything is disclosed and nothing is wrong': { result: 'ok', because: [] },
  'everything is proven': { recipe: { backend: 'kzg-columns' }, result: 'ok', because: [] },
  'the caller’s audience and nonce are met': { ask: { audience: 'auditor', nonce: 'n-1' }, result: 'ok', because: [] },

  'only the prover’s word': {
    recipe: { backend: 'mock' },
    result: 'warn',
    because: ['proof.claimed-only', 'few claimed'],
  },
  'only the prover’s word, where that does not count': {
    recipe: { backend: 'mock' },
    production: true,
    result: 'fail',
    because: ['proof.claimed-only', 'few claimed'],
  },
  'nobody pinned the policy': { policy: 'unknown', result: 'warn', because: ['policy.pinned', 'few claimed'] },
  'the policy is deprecated': { policy: 'deprecated', result: 'warn', because: ['policy.status'] },
  'the signer is not in the trust store': {
    recipe: { signer: signers.stranger },
    result: 'warn',
    because: ['signer.trusted'],
  },
  'the key has expired and no time is trusted': {
    recipe: { signer: signers.expired },
    result: 'warn',
    because: ['signer.validity'],
  },
  'a list is older than the policy allows': {
    recipe: { rules: [{ ...RULES.clean, max_age_days: 20 }] },
    ask: { at: '2026-02-14T00:00:00Z' },
    result: 'warn',
    because: ['lists.age'],
  },

  'a file has changed': {
    zip: (made) => tampered(made, { after: (files) => files.set('README.txt', Buffer.from('What is in here!')) }),
    result: 'fail',
    because: ['files.hash'],
  },
  'a file is not listed': {
    zip: (made) => tampered(made, { after: (files) => files.set('more.txt', Buffer.from('x')) }),
    result: 'fail',
    because: ['files.unlisted'],
  },
  'the manifest is not canonical': {
    zip: (made) =>
      tampered(made, {
        files: (files) => files.set('manifest.json', Buffer.from(` ${files.get('manifest.json')!.toString()}`)),
        signers: [signers.good],
      }),
    result: 'fail',
    because: ['manifest.canonical'],
  },
  'the version is unknown': {
    zip: (made) =>
      tampered(made, { meta: (meta) => Object.assign(meta, { schema: 'cap-bundle.v9' }), signers: [signers.good] }),
    result: 'fail',
    because: ['meta.schema'],
  },
  'the manifest’s version is unknown': {
    // It can't be read, so it names no policy that the registry could be asked for.
    policy: 'unknown',
    zip: (made) =>
      tampered(made, {
        files: (files) =>
          files.set(
            'manifest.json',
            Buffer.from(files.get('manifest.json')!.toString().replace('cap-manifest.v2', 'cap-manifest.v3')),
          ),
        signers: [signers.good],
      }),
    result: 'fail',
    because: ['manifest.schema'],
  },
  'the container’s version is unknown': { zip: proof(at(4, 3)), result: 'fail', because: ['proof.container'] },
  'the backend is unknown': { zip: proof(at(6, 9)), result: 'fail', because: ['proof.backend'] },
  'the proof is no container': { zip: proof(at(0, 0)), result: 'fail', because: ['proof.container'] },
  'nobody signed': {
    zip: (made) => tampered(made, { after: (files) => files.delete('signatures.json') }),
    result: 'fail',
    because: ['signature.present'],
  },
  'the signature is another one’s': {
    zip: (made) =>
      tampered(made, {
        after: (files) =>
          files.set('_meta.json', Buffer.from(files.get('_meta.json')!.toString().replace('January', 'Februar'))),
      }),
    result: 'fail',
    because: ['signature.valid'],
  },
  'the proof is of another statement': {
    zip: (made) =>
      tampered(made, {
        meta: (meta) => Object.assign(meta.proof_units[0]!.statement, { nonce: 'n-2' }),
        signers: [signers.good],
      }),
    result: 'fail',
    because: ['proof.binding'],
  },
  'the proof does not open the commitments': {
    zip: proof((bytes) => {
      const payload = JSON.parse(bytes.subarray(78).toString()) as { lists: { leaf_hashes: string[] }[] };
      payload.lists[0]!.leaf_hashes.pop();
      return encodeContainer({ backendId: 3, vkHash: ZEROS, paramsHash: ZEROS, payload: jcs(payload) });
    }),
    result: 'fail',
    because: ['proof.valid'],
  },
  'a rule is violated': {
    recipe: { backend: 'mock' },
    zip: proof((bytes) => {
      const payload = JSON.parse(bytes.subarray(78).toString()) as { claims: { rule_id: string; ok: boolean }[] };
      payload.claims.find(({ rule_id }) => rule_id === 'few')!.ok = false;
      return encodeContainer({ backendId: 0, vkHash: ZEROS, paramsHash: ZEROS, payload: jcs(payload) });
    }),
    result: 'fail',
    because: ['few violated'],
  },
  'a rule is unproven': {
    recipe: { backend: 'mock' },
    zip: proof((bytes) => {
      const payload = JSON.parse(bytes.subarray(78).toString()) as { claims: { rule_id: string; ok: boolean }[] };
      payload.claims = payload.claims.filter(({ rule_id }) => rule_id !== 'few');
      return encodeContainer({ backendId: 0, vkHash: ZEROS, paramsHash: ZEROS, payload: jcs(payload) });
    }),
    result: 'fail',
    because: ['few unproven'],
  },
  'the signer is revoked': { recipe: { signer: signers.revoked }, result: 'fail', because: ['signer.trusted'] },
  'the policy is a draft': { policy: 'draft', result: 'fail', because: ['policy.status'] },
  'another trusted key signed the proof': {
    zip: (made) => tampered(made, { signers: [signers.other] }),
    ask: { audience: 'auditor', nonce: 'n-1' },
    result: 'fail',
    because: ['statement.signer'],
  },
  'the nonce is another one': { ask: { nonce: 'n-2' }, result: 'fail', because: ['statement.nonce'] },
  'the audience is somebody else': { ask: { audience: 'press' }, result: 'fail', because: ['statement.audience'] },
  'the statement has ended': {
    ask: { at: '2026-02-20T00:00:00Z' },
    result: 'fail',
    because: ['statement.time'],
  },
  'a bundle of the older program': {
    zip: () => legacyZip(),
    policy: 'unknown',
    result: 'warn',
    because: ['legacy.format'],
  },
  'a bundle of the older program with another manifest than was signed': {
    zip: () => legacyZip({ signedManifest: (manifest) => (manifest.created_at = '2020-01-01T00:00:00Z') }),
    policy: 'unknown',
    result: 'fail',
    because: ['legacy.format', 'signature.valid'],
  },
  'a generation that nobody knows': {
    zip: (made) =>
      tampered(made, { meta: (meta) => Object.assign(meta, { schema: 'cap-bundle.v0' }), signers: [signers.good] }),
    result: 'fail',
    because: ['meta.schema'],
  },
};
const EXIT = { ok: 0, warn: 1, fail: 2 };

describe('the verdict table, through the command line and through HTTP', () => {
  let directory: string;
  let stack: Stack;
  let token: string;
  /** The same verifier in production. */
  let strictUrl: string;
  const services: Service[] = [];
  beforeAll(async () => {
    directory = await temporaryDirectory();
    const trust = path.join(directory, 'trust.json');
    await writeFile(trust, JSON.stringify({ schema: 'cap-trust.v2', version: 1, signers: TRUSTED }));
    stack = await prepareStack(path.join(directory, 'stack'), { trust });
    for (const start of [stack.start.registry, stack.start.verifier]) {
      services.push(start());
      await services.at(-1)!.ready();
    }
    token = await stack.token('verify:read policy:write');
    strictUrl = `http://127.0.0.1:${await freePort()}`;
    const strict = new Service('cap-verifier-api', ['--config', stack.at('config/verifier/app.yaml')], strictUrl, {
      env: {
        CAP_REGISTRY__TOKEN_FILE: stack.at('secrets/verifier.token'),
        CAP_SERVER__MANAGEMENT_BIND: new URL(strictUrl).host,
        CAP_ENVIRONMENT: 'production',
        CAP_TLS__ALLOW_PLAINTEXT: 'true',
      },
    });
    services.push(strict);
    await strict.ready();
  }, 120_000);
  afterAll(async () => {
    await stopAll([...services].reverse());
    await rm(directory, { recursive: true, force: true });
  });

  const post = async (route: string, body: unknown) => {
    const answer = await postJson(`${stack.verifierUrl}${route}`, token, body);
    expect([200, 201]).toContain(answer.status);
    return answer.body;
  };
  let made = 0;

  it.each(Object.entries(TABLE))('%s', async (_, cell) => {
    const { recipe, zip, ask = {}, policy = 'active', production = false, result, because } = cell;
    const own = path.join(directory, `case-${made++}`);
    await mkdir(own);
    const file = (name: string) => path.join(own, name);
    const { document } = policyOf(...(recipe?.rules ?? [RULES.few, RULES.owned, RULES.clean, RULES.safe]));
    // A policy of its own for each case: what was published for one is unknown to the next.
    const policyOfCase = compilePolicy({ ...document, version: `1.0.${made}` });
    const bundle = await makeBundle({ signer: signers.good, ...recipe, policy: policyOfCase });
    await writeFile(file('bundle.zip'), zip ? zip(bundle) : bundle.zip);
    await writeFile(file('policy.json'), bundle.policy.canonicalText);
    const lists = [...bundle.proving.context.referenceLists.values()];
    for (const { id, list, as_of, kind } of lists) {
      await writeFile(file(`${id}.csv`), list.bytes);
      await post('/lists', { id, kind, as_of, content: Buffer.from(list.bytes).toString('base64') });
    }
    if (policy !== 'unknown') {
      await post('/policy/v2/compile', {
        policy: bundle.policy.document,
        persist: true,
        lint_mode: 'relaxed',
      });
      const status = `${stack.verifierUrl}/policy/${bundle.policy.policy_hash}/status`;
      await call(status, {
        method: 'PUT',
        token,
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ status: policy }),
      });
    }

    const query = new URLSearchParams({ at: NOW, ...ask });
    const url = production ? strictUrl : stack.verifierUrl;
    const answer = await call(`${url}/verify?${query}`, {
      method: 'POST',
      token,
      headers: { 'content-type': 'application/zip' },
      body: new Uint8Array(await readFile(file('bundle.zip'))),
    });
    expect(answer.status).toBe(200);
    const { report } = answer.body;
    const notFine = [
      ...report.checks
        .filter(({ status }: { status: string }) => status === 'warn' || status === 'fail')
        .map(({ id }: { id: string }) => id),
      ...report.rules
        .filter(({ status }: { status: string }) => status !== 'proven' && status !== 'disclosed')
        .map((rule: { rule_id: string; status: string }) => `${rule.rule_id} ${rule.status}`),
    ];
    expect([answer.body.result, notFine]).toEqual([result, expect.arrayContaining(because)]);
    if (because.length === 0) expect(notFine).toEqual([]);

    const flags = Object.entries({ at: NOW, ...ask }).flatMap(([name, value]) => [`--${name}`, value]);
    const offline = [
      ...['--trust', path.join(directory, 'trust.json')],
      ...(policy === 'unknown' ? [] : ['--policy', file('policy.json')]),
      ...lists.flatMap(({ id, as_of }) => ['--list', `${id}=${file(`${id}.csv`)}@${as_of}`]),
      ...(production ? ['--environment', 'production'] : []),
    ];
    // A file has no status: what the registry alone knows, the command line has to ask.
    const asksRegistry = policy === 'deprecated' || policy === 'draft';
    const printed = await cap(
      ['verify', file('bundle.zip'), '--json', ...flags, ...(asksRegistry ? ['--url', url] : offline)],
      { env: { CAP_TOKEN: token } },
    );
    expect([printed.code, printed.stderr]).toEqual([EXIT[result], '']);
    expect(answer.text).toContain(`"report":${printed.stdout.trimEnd()}`);
  });
});
