import { access, constants, readFile, stat, statfs } from 'node:fs/promises';
import path from 'node:path';
import { EXIT, systemCode } from '@cap/core';
import { isPrivateFile, systemWords } from '@cap/core/files';
import { type Config, isPostgresUrl, loadConfig, type LoadedConfig, readTlsPair, type S3Location } from '@cap/config';
import { RegistryClient } from '@cap/contracts';
import { rfc3339 } from '@cap/crypto';
import { parseTrustStore } from '@cap/verify/trust';
import { PostgresDatabase, S3Objects } from '@cap/storage';
import { type Service, serviceOption } from '../config/service-config.js';
import { printResult, type CliIo } from '../io.js';
import { verb } from '../verb.js';
import { authoritiesEnd, keyEnd, signersEnd, untilEnd } from './expiry.js';

type Status = 'ok' | 'warn' | 'fail';
interface Finding {
  what: string;
  status: Status;
  message: string;
}
/** A check returns what it found, or throws what is wrong. */
type Check = [what: string, look: () => Promise<string | { warn: string }> | string | { warn: string }];

const MIN_NODE = [24, 11] as const;
const MIN_FREE_BYTES = 1_000_000_000;
/** A clock from before the first release of this program is wrong. */
const FIRST_YEAR = 2026;

/** Looks at what a service needs from the machine it is on, changes nothing, and names what is missing. */
export default verb({
  examples: [
    'cap doctor',
    'cap doctor --service verifier --config /etc/cap-verifier/app.yaml',
    'cap doctor --service registry --config /etc/cap-verifier/registry.yaml --json',
  ],
  syntax: (command) =>
    command
      .option('--config <file>', 'app.yaml of the service')
      .addOption(serviceOption('the service whose needs are checked')),
  run: async (io, options) => {
    const findings: Finding[] = [];
    const look = async (checks: Check[]) => {
      for (const [what, check] of checks) findings.push(await findingOf(what, check));
    };
    await look([
      ['Node.js', nodeVersion],
      ['clock', () => clock(io.now())],
    ]);
    let loaded: LoadedConfig | undefined;
    await look([
      [
        'configuration',
        () => {
          loaded = loadConfig({ role: options.service ?? 'cli', file: options.config, environment: io.env });
          const [warning] = loaded.warnings;
          return warning === undefined ? (options.config ?? 'defaults and environment') : { warn: warning };
        },
      ],
    ]);
    if (loaded && options.service) await look(needsOf(options.service, loaded, io));
    printResult(io, options, { ok: findings.every(({ status }) => status === 'ok'), findings }, () =>
      findings
        .map(({ what, status, message }) => `${WORDS[status].padEnd(7)} ${what.padEnd(22)} ${message}`)
        .join('\n'),
    );
    const has = (wanted: Status) => findings.some(({ status }) => status === wanted);
    return has('fail') ? EXIT.fault : has('warn') ? EXIT.warn : EXIT.ok;
  },
});

const WORDS: Record<Status, string> = { ok: 'ok', warn: 'warning', fail: 'FAULT' };

async function findingOf(what: string, check: Check[1]): Promise<Finding> {
  try {
    const found = await check();
    return typeof found === 'string'
      ? { what, status: 'ok', message: found }
      : { what, status: 'warn', message: found.warn };
  } catch (error) {
    return { what, status: 'fail', message: (error as Error).message };
  }
}

function nodeVersion(): string {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
  if (major < MIN_NODE[0] || (major === MIN_NODE[0] && minor < MIN_NODE[1]))
    throw new Error(`${process.version}; expected ${MIN_NODE.join('.')} or newer`);
  return process.version;
}

function clock(now: Date): string {
  if (now.getUTCFullYear() < FIRST_YEAR)
    throw new Error(`${now.toISOString()} can't be right: signatures and tokens would be checked at the wrong time`);
  return now.toISOString();
}

function needsOf(service: Service, { config, listen }: LoadedConfig, { env, now: clock }: CliIo): Check[] {
  const now = clock();
  const { tls, registry } = config;
  const checks: Check[] = [];
  if (tls.mode === 'tls')
    checks.push(['TLS certificate', () => certificate(config, now)], ['TLS key', () => secretFile(tls.key!)]);
  const authorities = env.NODE_EXTRA_CA_CERTS;
  if (authorities) checks.push(['trusted authorities', () => authoritiesEnd(authorities, now)]);
  if (service === 'verifier') checks.push(...verifierNeeds(config, now));
  if (service === 'registry') checks.push(...registryNeeds(registry, now));
  if (service === 'backup') checks.push(...backupNeeds(config, now));
  const { host, port } = listen.management;
  checks.push(['running service', () => readiness(host, port)]);
  return checks;
}

/** Loads it as the service would, so that a key of another certificate is found before a start or a reload. */
function certificate(config: Config, now: Date): string | { warn: string } {
  const { validFrom, validTo } = readTlsPair(config)!;
  const words = `${config.tls.cert}: valid from ${rfc3339(validFrom)} to ${rfc3339(validTo)}`;
  if (now < validFrom) throw new Error(words);
  return untilEnd(words, validTo, now);
}

function registryNeeds({ database, blobs, tokens, log }: Config['registry'], now: Date): Check[] {
  const checks: Check[] = [log.key ?? []].flat().map((file) => ['log key', () => keyEnd(file, now)]);
  if (isPostgresUrl(database)) checks.push(['PostgreSQL', () => databaseAnswers(database)]);
  else checks.push(['data directory', () => writable(path.dirname(database))]);
  if (typeof blobs === 'string') checks.push(['BLOB directory', () => writable(blobs)]);
  else checks.push(['BLOB bucket', () => bucketAnswers(blobs.s3)]);
  return [...checks, ['clients', () => clients(tokens)]];
}

const SCHEMA = {
  none: 'no registry yet; its first start creates it',
  older: 'an older registry; its next start brings it up to date',
  current: 'up to date',
};
async function databaseAnswers(url: string): Promise<string> {
  const { server, schema } = await PostgresDatabase.examine(url);
  return `${server}: ${SCHEMA[schema]}`;
}

/** Lists it; readiness says whether it can be written. */
async function bucketAnswers(place: S3Location): Promise<string> {
  const objects = await S3Objects.open(place);
  try {
    await objects.list('').next();
    return place.bucket;
  } finally {
    objects.close();
  }
}

function verifierNeeds({ oauth, verification, registry }: Config, now: Date): Check[] {
  const { trust_file } = verification;
  return [
    [
      'token issuer',
      async () => {
        if (!oauth) return { warn: 'oauth is not configured: every request that needs a token is refused' };
        if (oauth.public_key_path) return readable(oauth.public_key_path);
        return `keys from ${oauth.jwks_url}`;
      },
    ],
    [
      'trust store',
      async () => {
        if (trust_file === undefined)
          return { warn: 'verification.trust_file is not set: no signer is trusted, no verdict is better than warn' };
        const { document } = parseTrustStore(await readFile(trust_file), trust_file);
        return `${trust_file}: ${document.signers.length} signers, ${document.policies.length} policies`;
      },
    ],
    [
      'trusted signers',
      async () => {
        if (trust_file === undefined) return 'none';
        return signersEnd(parseTrustStore(await readFile(trust_file), trust_file).document, now);
      },
    ],
    ['registry', () => registryAnswers(registry)],
  ];
}

function backupNeeds({ backup, registry }: Config, now: Date): Check[] {
  const { target, signing_key, sources } = backup;
  return [
    ['backup target', () => writable(target)],
    [
      'signing key',
      () => {
        if (signing_key === undefined) throw new Error("backup.signing_key is not set: archives can't be signed");
        return secretFile(signing_key);
      },
    ],
    ...(signing_key === undefined ? [] : [['signing key valid', () => keyEnd(signing_key, now)] satisfies Check]),
    ...Object.entries(sources).map(([name, directory]): Check => [
      `source ${name}`,
      async () => (directory === null ? 'none, as configured' : readableDirectory(directory)),
    ]),
    ['registry', () => registryAnswers(registry)],
  ];
}

const accessError = (file: string, error: unknown): Error =>
  new Error(`${file}: ${systemCode(error) === 'ENOENT' ? 'does not exist' : systemWords(error)}`);

async function readable(file: string): Promise<string> {
  try {
    await access(file, constants.R_OK);
    return file;
  } catch (error) {
    throw accessError(file, error);
  }
}

async function readableDirectory(directory: string): Promise<string> {
  await readable(directory);
  if (!(await stat(directory)).isDirectory()) throw new Error(`${directory}: is not a directory`);
  return directory;
}

/** A private key or token: readable here, and by nobody but its owner. */
async function secretFile(file: string): Promise<string | { warn: string }> {
  await readable(file);
  return isPrivateFile(await stat(file)) ? file : { warn: `${file}: other users can read it; run: chmod 600 ${file}` };
}

/** A writable directory with free space. One that does not exist yet is a warning, judged by its nearest parent. */
async function writable(directory: string): Promise<string | { warn: string }> {
  let place = path.resolve(directory);
  for (;;)
    try {
      await access(place, constants.R_OK | constants.W_OK | constants.X_OK);
      break;
    } catch (error) {
      if (systemCode(error) !== 'ENOENT' || place === path.dirname(place)) throw accessError(place, error);
      place = path.dirname(place);
    }
  const { bavail, bsize } = await statfs(place);
  const free = bavail * bsize;
  const words = `${directory}: ${(free / 1e9).toFixed(1)} GB free`;
  if (place !== path.resolve(directory)) return { warn: `${words} in ${place}, but it does not exist yet` };
  if (!(await stat(place)).isDirectory()) throw new Error(`${directory} is not a directory`);
  return free < MIN_FREE_BYTES ? { warn: words } : words;
}

function clients(tokens: Config['registry']['tokens']): string | { warn: string } {
  const names = Object.keys(tokens);
  return names.length === 0 ? { warn: 'registry.tokens is empty: no client can call it' } : names.join(', ');
}

async function registryAnswers({ url, token }: Config['registry']): Promise<string> {
  if (token === undefined) throw new Error('registry.token is not set');
  const client = new RegistryClient({ url, token, retries: 0, timeoutMs: 3_000 });
  try {
    const { version, log_size } = await client.status();
    return `${url}: version ${version}, ${log_size} events`;
  } finally {
    await client.close();
  }
}

async function readiness(host: string, port: number): Promise<string | { warn: string }> {
  const url = `http://${host.includes(':') ? `[${host}]` : host.replace(/^0\.0\.0\.0$/, '127.0.0.1')}:${port}/readyz`;
  let answer: Response;
  try {
    answer = await fetch(url, { signal: AbortSignal.timeout(3_000), redirect: 'error' });
  } catch {
    return { warn: `nothing answers at ${url}` };
  }
  if (answer.ok) return `${url}: ready`;
  throw new Error(`${url}: ${answer.status} ${(await answer.text()).slice(0, 300)}`);
}
