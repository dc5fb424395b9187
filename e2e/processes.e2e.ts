import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { spawn } from 'node:child_process';
import { readFile, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import {
  cap,
  capOk,
  freePort,
  mainOf,
  prepareStack,
  Service,
  type Finished,
  type Stack,
} from '../scripts/local-stack.mjs';
import { temporaryDirectory } from './example-project.js';
import { call, postJson, postZip, proveAgain, upload, World } from './world.js';

const VERSION = '0.1.0';
const SERVICES = ['cap-verifier-api', 'cap-registry', 'cap-backup-worker'];

const run = (program: string, args: string[], env: Record<string, string> = {}): Promise<Finished> =>
  new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [mainOf(program), ...args], { env: { PATH: process.env.PATH!, ...env } });
    let stdout = '';
    let stderr = '';
    child.stdout.on('data', (chunk) => (stdout += chunk));
    child.stderr.on('data', (chunk) => (stderr += chunk));
    child.on('error', reject);
    child.on('close', (code) => resolve({ code, stdout, stderr }));
  });

describe('programs', () => {
  it.each(['cap', ...SERVICES])('%s prints its version and help', async (program) => {
    expect(await run(program, ['--version'])).toMatchObject({ code: 0, stdout: `${program} ${VERSION}\n` });
    const help = await run(program, ['--help']);
    expect(help.code).toBe(0);
    if (program !== 'cap')
      for (const flag of ['--config', '--bind', '--management-bind', '--tls-cert', '--log-level'])
        expect(help.stdout).toContain(flag);
  });

  it.each(SERVICES)('%s stops with 64 for an unknown flag and 78 for a missing configuration file', async (program) => {
    expect((await run(program, ['--no-such-flag'])).code).toBe(64);
    const missing = await run(program, ['--config', '/nowhere/app.yaml']);
    expect(missing.code).toBe(78);
    expect(missing.stderr).toContain('/nowhere/app.yaml');
  });
});

describe('configuration', () => {
  let directory: string;
  let stack: Stack;
  beforeAll(async () => {
    directory = await temporaryDirectory();
    stack = await prepareStack(path.join(directory, 'stack'));
  });
  afterAll(() => rm(directory, { recursive: true, force: true }));

  const withConfig = async (change: (config: Record<string, unknown>) => void, env = {}) => {
    const config = JSON.parse(await readFile(stack.at('config/verifier/app.yaml'), 'utf8'));
    change(config);
    const file = path.join(directory, 'app.yaml');
    await writeFile(file, JSON.stringify(config));
    return run('cap-verifier-api', ['--config', file], env);
  };

  it.each([
    [
      'an unknown key',
      (c: Record<string, unknown>) => void ((c.server as Record<string, unknown>).bnd = 'x'),
      'server.bnd',
    ],
    [
      'a wrong type',
      (c: Record<string, unknown>) => void (c.verification = { timeout_seconds: 'soon' }),
      'verification.timeout_seconds',
    ],
    [
      'oauth and oauth2 that disagree',
      (c: Record<string, unknown>) => void (c.oauth2 = { issuer: 'other', audience: 'x' }),
      'oauth',
    ],
    [
      'a security option that can not be honoured',
      (c: Record<string, unknown>) => void (c.tls = { mode: 'mtls', client_ca: '/nowhere/ca.pem' }),
      'tls',
    ],
    [
      'a key file that is not there',
      (c: Record<string, unknown>) =>
        void ((c.oauth as Record<string, unknown>).public_key_path = '/nowhere/public.pem'),
      '/nowhere/public.pem',
    ],
  ])('%s: exit 78, naming file and key', async (_name, change, place) => {
    const ended = await withConfig(change);
    expect(ended.code).toBe(78);
    expect(ended.stderr).toContain(place);
  });

  it('production refuses to serve without TLS', async () => {
    const ended = await withConfig((c) => void (c.environment = 'production'));
    expect(ended.code).toBe(78);
    expect(ended.stderr).toContain('tls');
  });

  it('an environment variable that names no key is refused', async () => {
    const ended = await withConfig(() => undefined, { CAP_SERVER__NO_SUCH_KEY: '1' });
    expect(ended.code).toBe(78);
    expect(ended.stderr).toContain('CAP_SERVER__NO_SUCH_KEY');
  });

  it('cap config show masks secrets, cap config check names what is wrong', async () => {
    const shown = await capOk(['config', 'show', '--config', stack.at('config/verifier/app.yaml')], {
      env: { CAP_REGISTRY__TOKEN: 'planted-canary-token' },
    });
    expect(shown.stdout).toContain('cap-dev-issuer');
    expect(shown.stdout + shown.stderr).not.toContain('planted-canary-token');
    const file = path.join(directory, 'broken.yaml');
    await writeFile(file, 'server:\n  bind: 7\n  colour: red\n');
    const broken = await cap(['config', 'check', '--config', file]);
    expect(broken.code).toBe(78);
    expect(broken.stderr).toContain('server.colour');
    expect(broken.stderr).toContain('server.bind');
  });
});

describe('signals and crashes', () => {
  let world: World;
  beforeAll(async () => {
    world = await World.start();
  }, 120_000);
  afterAll(() => world?.end());

  it('a second registry on one data directory refuses and names the holder', async () => {
    const second = new Service(
      'cap-registry',
      [
        '--config',
        world.stack.at('config/registry/app.yaml'),
        '--bind',
        '127.0.0.1:0',
        '--management-bind',
        '127.0.0.1:0',
      ],
      'http://127.0.0.1:9',
    );
    const exit = await second.exited;
    expect(exit.code).toBe(75);
    expect(second.log).toContain(String(world.services[0]!.pid));
  });

  it('SIGTERM under load: every acknowledged request is answered, exit 0, the next instance goes on', async () => {
    const { stack, token } = world;
    const bytes = await world.bundleBytes();
    const verifier = world.services.pop()!;
    let refused = 0;
    const answers: number[] = [];
    const clients = Array.from({ length: 8 }, async () => {
      for (let i = 0; i < 200; i++) {
        try {
          answers.push((await postZip(`${stack.verifierUrl}/verify`, token, bytes)).status);
        } catch (error) {
          // A connection that was never accepted is no acknowledged request; one cut in the middle would be a reset.
          const code = ((error as Error).cause as { code?: string } | undefined)?.code;
          expect(['ECONNREFUSED', 'UND_ERR_SOCKET', 'ECONNRESET']).toContain(code);
          refused++;
          return;
        }
      }
    });
    while (answers.length < 30) await new Promise((resolve) => setImmediate(resolve));
    expect(await verifier.stop()).toEqual({ code: 0, signal: null });
    await Promise.all(clients);
    expect(refused).toBeGreaterThan(0);
    expect(new Set(answers)).toEqual(new Set([200]));
    await world.up(stack.start.verifier());
  });

  it('kill -9 of the registry during registrations: nothing acknowledged is lost, the next start needs no hand', async () => {
    const { stack, token } = world;
    const bundles = await Promise.all(
      Array.from({ length: 12 }, async (_, i) =>
        readFile(await proveAgain(world.project, `crash-${i}`, '--backend', 'mock', '--nonce', `n-${i}`)),
      ),
    );
    const acknowledged: string[] = [];
    const jobs = bundles.map(async (bytes) => {
      const uploaded = await upload(stack, token, bytes).catch(() => null);
      if (uploaded?.status !== 200) return;
      const verdict = await postJson(`${stack.verifierUrl}/verify`, token, {
        bundle_id: uploaded.body.bundle_id,
        options: { register: true },
      }).catch(() => null);
      if (verdict?.status === 200) acknowledged.push(uploaded.body.bundle_id as string);
      else expect(verdict?.status).toBe(503);
    });
    while (acknowledged.length < 3) await new Promise((resolve) => setTimeout(resolve, 1));
    await world.services[0]!.stop('SIGKILL');
    await Promise.all(jobs);
    const down = await call(`${stack.verifierUrl}/readyz`);
    expect(down.status).toBe(503);
    expect(down.text).toContain('registry');

    world.services[0] = stack.start.registry();
    await world.services[0].ready();
    const entries = await call(`${stack.verifierUrl}/registry/entries?limit=100`, { token });
    const listed = new Set(entries.body.items.map((entry: { bundle_id: string }) => entry.bundle_id));
    for (const id of acknowledged) expect(listed).toContain(id);
    await world.services[0].stop();
    await capOk(['registry', 'fsck', '--data-dir', stack.at('data')]);
    world.services[0] = stack.start.registry();
    await world.services[0].ready();
  });

  it('a verifier that has reached its registry serves on without it, one that never did does not begin to', async () => {
    const { stack, token } = world;
    const serving = async (url = stack.verifierUrl) => {
      const { status, body } = await call(`${url}/readyz/serving`);
      return [status, body.missing];
    };
    const judge = async () => postZip(`${stack.verifierUrl}/verify`, token, await readFile(world.project.bundle));
    const before = await judge();
    expect([before.status, await serving()]).toEqual([200, [200, []]]);
    await world.services[0]!.stop();
    const late = `127.0.0.1:${await freePort()}`;
    const second = stack.start.verifier({ args: ['--management-bind', late] });
    world.services.push(second); // ended with the others if this test fails
    while (!second.log.includes('"listening"')) await new Promise((resolve) => setTimeout(resolve, 10));
    expect(await serving(`http://${late}`)).toEqual([503, ['registry']]);

    expect(await serving()).toEqual([200, ['registry']]);
    expect((await call(`${stack.verifierUrl}/readyz`)).status).toBe(503);
    expect((await call(`${stack.verifierUrl}/metrics`)).text).toContain('cap_ready{check="registry"} 0');
    const judged = await judge();
    expect([judged.status, judged.body.result]).toEqual([200, before.body.result]);

    world.services[0] = stack.start.registry();
    await world.services[0].ready();
    expect(await serving(`http://${late}`)).toEqual([200, []]);
    await second.stop();
    world.services.pop();
  }, 60_000);

  it('health --wait answers for container and unit checks', async () => {
    const config = world.stack.at('config/verifier/app.yaml');
    expect((await run('cap-verifier-api', ['health', '--wait', '--config', config])).code).toBe(0);
    // It needs no secrets: a unit's credentials are out of reach of what asks after its start.
    const outOfReach = { CAP_REGISTRY__TOKEN_FILE: '/nowhere/registry.token' };
    expect((await run('cap-verifier-api', ['health', '--config', config], outOfReach)).code).toBe(0);
    const nobody = path.join(world.project.directory, 'nobody.yaml');
    await writeFile(
      nobody,
      JSON.stringify({ ...JSON.parse(await readFile(config, 'utf8')), server: { management_bind: '127.0.0.1:9' } }),
    );
    expect((await run('cap-verifier-api', ['health', '--config', nobody])).code).not.toBe(0);
  });

  it('SIGHUP changes the log level of a running service', async () => {
    const { stack } = world;
    const verifier = world.services.at(-1)!;
    const file = stack.at('config/verifier/app.yaml');
    const config = JSON.parse(await readFile(file, 'utf8'));
    const requestLines = () =>
      verifier.log.split('\n').filter((line) => line.includes('"route":"/registry/entries"')).length;
    const before = requestLines();
    await call(`${stack.verifierUrl}/registry/entries`, { token: world.token });
    await eventually(() => requestLines() > before);
    await writeFile(file, JSON.stringify({ ...config, server: { ...config.server, log_level: 'error' } }));
    process.kill(verifier.pid, 'SIGHUP');
    await eventually(async () => {
      const count = requestLines();
      await call(`${stack.verifierUrl}/registry/entries`, { token: world.token });
      await new Promise((resolve) => setTimeout(resolve, 50));
      return requestLines() === count;
    });
    await writeFile(file, JSON.stringify(config));
    process.kill(verifier.pid, 'SIGHUP');
  });
});

/** Polls a condition, at most 10 s. */
async function eventually(condition: () => boolean | Promise<boolean>) {
  const deadline = Date.now() + 10_000;
  while (!(await condition())) {
    if (Date.now() > deadline) throw new Error('the condition did not come true within 10 s');
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
