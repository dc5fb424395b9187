/**
 * Three real services on loopback with throw-away keys, for the demo, `npm start`, the end-to-end tests and the bench.
 * Everything is in one directory; every process that is started is stopped by its pid.
 */
import { spawn } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import path from 'node:path';
import { PROGRAMS } from './programs.mjs';
import { nodeBinary, root } from './setup.mjs';

export const mainOf = (program) => path.join(root, PROGRAMS[program]);

/** Our own variables must not leak into a program that has its own configuration. */
const cleanEnvironment = (extra = {}) => ({
  ...Object.fromEntries(
    Object.entries(process.env).filter(
      ([name]) => !/^(CAP_|TLS_MODE$|LOG_LEVEL$|RUST_LOG$|SOURCE_DATE_EPOCH$)/.test(name),
    ),
  ),
  ...extra,
});

/** Runs `cap ARGS` to completion: {code, stdout, stderr}. */
export function cap(args, { cwd = root, env = {}, input } = {}) {
  return new Promise((resolve, reject) => {
    const child = spawn(nodeBinary(), [mainOf('cap'), ...args], { cwd, env: cleanEnvironment(env) });
    const out = [];
    const err = [];
    child.stdout.on('data', (chunk) => out.push(chunk));
    child.stderr.on('data', (chunk) => err.push(chunk));
    child.on('error', reject);
    child.on('close', (code) =>
      resolve({ code, stdout: Buffer.concat(out).toString(), stderr: Buffer.concat(err).toString() }),
    );
    child.stdin.end(input);
  });
}

/** Like cap(), but any exit other than `expected` is an error that shows the program's output. */
export async function capOk(args, options = {}) {
  const result = await cap(args, options);
  const expected = options.expected ?? 0;
  if (result.code !== expected)
    throw new Error(
      `cap ${args.join(' ')} ended with ${result.code}, not ${expected}\n${result.stderr}${result.stdout}`,
    );
  return result;
}

export async function freePort() {
  const server = createServer();
  await new Promise((resolve, reject) => server.once('error', reject).listen(0, '127.0.0.1', resolve));
  const { port } = server.address();
  await new Promise((resolve) => server.close(resolve));
  return port;
}

/** A started service: its process, its URL, and the milliseconds until it was ready. */
export class Service {
  constructor(program, args, url, { logFile, env } = {}) {
    this.program = program;
    this.url = url;
    this.child = spawn(nodeBinary(), [mainOf(program), ...args], {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: cleanEnvironment(env),
    });
    this.log = '';
    const file = logFile ? createWriteStream(logFile, { flags: 'a' }) : null;
    for (const stream of [this.child.stdout, this.child.stderr])
      stream.on('data', (chunk) => {
        this.log = (this.log + chunk).slice(-200_000);
        file?.write(chunk);
      });
    this.exited = new Promise((resolve) =>
      this.child.on('close', (code, signal) => {
        file?.end();
        resolve({ code, signal });
      }),
    );
  }

  get pid() {
    return this.child.pid;
  }

  /** Waits until /readyz answers 200 and returns how long that took since the start, in ms. */
  async ready(timeoutMs = 30_000) {
    const started = performance.now();
    let ended = null;
    void this.exited.then((exit) => (ended = exit));
    let last = 'no answer';
    while (performance.now() - started < timeoutMs) {
      if (ended)
        throw new Error(`${this.program} ended with ${ended.signal ?? ended.code} before it was ready\n${this.log}`);
      try {
        const answer = await fetch(`${this.url}/readyz`, { signal: AbortSignal.timeout(2_000) });
        if (answer.status === 200) {
          await answer.arrayBuffer();
          return performance.now() - started;
        }
        last = await answer.text();
      } catch {
        // not listening yet
      }
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    throw new Error(`${this.program} was not ready after ${timeoutMs} ms: ${last}\n${this.log}`);
  }

  /** Sends SIGTERM (or another signal) and waits for the exit; a process that takes longer than 30 s is killed, and that is an error. */
  async stop(signal = 'SIGTERM') {
    if (this.child.exitCode !== null || this.child.signalCode !== null) return this.exited;
    this.child.kill(signal);
    let timer;
    const late = new Promise((resolve) => (timer = setTimeout(() => resolve(null), 30_000)));
    const exit = await Promise.race([this.exited, late]);
    clearTimeout(timer);
    if (exit) return exit;
    this.child.kill('SIGKILL');
    throw new Error(`${this.program} did not stop within 30 s of ${signal}`);
  }
}

const newToken = () => randomBytes(32).toString('base64url');
const tokenHash = (token) => `sha256:${createHash('sha256').update(token).digest('hex')}`;

/**
 * Writes keys, tokens, trust store and configuration of the three services under `directory`; starts nothing.
 * `ports` sets {verifier, registry, backup}; otherwise free ones are used. `trustSigners` are kids of `keysDir`.
 */
export async function prepareStack(directory, { ports = {}, trust, tls, verification = {}, logLevel = 'info' } = {}) {
  const at = (...parts) => path.join(directory, ...parts);
  for (const folder of [
    'config/verifier',
    'config/registry',
    'config/backup',
    'data',
    'secrets',
    'backups',
    'certs',
    'logs',
  ])
    await mkdir(at(folder), { recursive: true, mode: 0o700 });
  const port = {
    verifier: ports.verifier ?? (await freePort()),
    registry: ports.registry ?? (await freePort()),
    backup: ports.backup ?? (await freePort()),
  };
  await capOk(['dev', 'issuer', '--out', at('issuer')]);
  const key = JSON.parse(
    (await capOk(['keys', 'generate', '--keys', at('backup-keys'), '--owner', 'backup worker', '--json'])).stdout,
  );
  const tokens = { verifier: newToken(), backup: newToken(), operator: newToken() };
  for (const [name, token] of Object.entries(tokens))
    await writeFile(at('secrets', `${name}.token`), token, { mode: 0o600 });
  const registryUrl = `http://127.0.0.1:${port.registry}`;
  const yaml = (value) => `${JSON.stringify(value, null, 2)}\n`; // JSON is YAML
  await writeFile(
    at('config/registry/app.yaml'),
    yaml({
      environment: 'development',
      server: { log_level: logLevel },
      registry: {
        bind: `127.0.0.1:${port.registry}`,
        database: at('data/registry.db'),
        blobs: at('data/blobs'),
        tokens: Object.fromEntries(Object.entries(tokens).map(([name, token]) => [name, [tokenHash(token)]])),
      },
    }),
  );
  await writeFile(
    at('config/verifier/app.yaml'),
    yaml({
      environment: 'development',
      server: { management_bind: `127.0.0.1:${port.verifier}`, log_level: logLevel },
      oauth: { issuer: 'cap-dev-issuer', audience: 'cap-verifier', public_key_path: at('issuer/public.pem') },
      verification: { ...(trust ? { trust_file: trust } : {}), ...verification },
      registry: { url: registryUrl },
      ...(tls ? { tls } : {}),
    }),
  );
  await writeFile(
    at('config/backup/app.yaml'),
    yaml({
      environment: 'development',
      server: { log_level: logLevel },
      registry: { url: registryUrl, tokens: { operator: [tokenHash(tokens.operator)] } },
      backup: {
        bind: `127.0.0.1:${port.backup}`,
        target: at('backups'),
        signing_key: at('backup-keys', `${key.kid}.key`),
        sources: { keys: at('backup-keys'), config: at('config'), certs: at('certs') },
      },
    }),
  );
  return {
    directory,
    at,
    port,
    tokens,
    backupKid: key.kid,
    issuer: at('issuer'),
    verifierUrl: `http://127.0.0.1:${port.verifier}`,
    registryUrl,
    backupUrl: `http://127.0.0.1:${port.backup}`,
    start: {
      registry: (options = {}) =>
        new Service('cap-registry', ['--config', at('config/registry/app.yaml')], registryUrl, {
          logFile: at('logs/registry.log'),
          ...options,
        }),
      verifier: (options = {}) =>
        new Service(
          'cap-verifier-api',
          ['--config', at('config/verifier/app.yaml'), ...(options.args ?? [])],
          `http://127.0.0.1:${port.verifier}`,
          {
            logFile: at('logs/verifier.log'),
            ...options,
            env: { CAP_REGISTRY__TOKEN_FILE: at('secrets/verifier.token'), ...options.env },
          },
        ),
      backup: (options = {}) =>
        new Service(
          'cap-backup-worker',
          ['--config', at('config/backup/app.yaml')],
          `http://127.0.0.1:${port.backup}`,
          {
            logFile: at('logs/backup.log'),
            ...options,
            env: { CAP_REGISTRY__TOKEN_FILE: at('secrets/backup.token'), ...options.env },
          },
        ),
    },
    /** An access token of the development issuer. */
    token: async (scope, ...more) =>
      (await capOk(['dev', 'token', '--issuer', at('issuer'), '--scope', scope, ...more])).stdout.trim(),
  };
}

/** Stops services in the order given; every one is stopped even if one fails. */
export async function stopAll(services) {
  const failures = [];
  for (const service of services) await service.stop().catch((error) => failures.push(error));
  if (failures.length > 0) throw failures[0];
}
