import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import path from 'node:path';
import { ConfigError, type ConfigProblem, loadConfig, type LoadInput, parseServiceFlags } from './index.js';

let directory: string;
let publicKey: string;
beforeAll(() => {
  directory = mkdtempSync(path.join(tmpdir(), 'cap-config-'));
  publicKey = write('public.pem', 'a key');
});
afterAll(() => rmSync(directory, { recursive: true }));

const write = (name: string, text: string): string => {
  const file = path.join(directory, name);
  writeFileSync(file, text);
  return file;
};
/** app.yaml and its companions in a directory of their own. */
const files = (texts: Record<string, string>): string => {
  const folder = mkdtempSync(path.join(directory, 'set-'));
  for (const [name, text] of Object.entries(texts)) writeFileSync(path.join(folder, name), text);
  return path.join(folder, 'app.yaml');
};
const load = (document: unknown, more: Partial<LoadInput> = {}) => loadConfig({ role: 'registry', document, ...more });
const problemsOf = (run: () => unknown): readonly ConfigProblem[] => {
  try {
    run();
  } catch (error) {
    if (error instanceof ConfigError) return error.problems;
    throw error;
  }
  throw new Error('nothing was wrong');
};
const problem = (document: unknown, more: Partial<LoadInput> = {}) => problemsOf(() => load(document, more));

describe('sources', () => {
  it('gives every key its default when nothing is said', () => {
    const { config, warnings } = load({});
    expect(config).toMatchObject({
      environment: 'development',
      server: { log_level: 'info', trusted_proxies: [], workers: availableParallelism() },
      tls: { mode: 'disabled', min_version: '1.2', allow_plaintext: false },
      verification: { backend: 'auto', timeout_seconds: 30, allow_mock: true },
      policy: { cache_enabled: true, cache_ttl_seconds: 3600 },
      limits: {
        bundle_bytes: 100_000_000,
        json_bytes: 10_000_000,
        zip_entries: 10_000,
        unpacked_bytes: 500_000_000,
        ratio: 100,
        uploads_at_once: 16,
        uploads_per_subject: 12,
        body_memory_bytes: 200_000_000,
        body_memory_bytes_per_subject: 100_000_000,
        body_min_bytes_per_second: 5_000,
        body_grace_seconds: 10,
      },
      rate_limit: { enabled: false },
      backup: {
        schedule: '0 2 * * *',
        target: '/backups/cap-verifier',
        retention: { days: 7 },
        allow_plaintext_keys: false,
      },
    });
    // The verifier's callers are many and unknown.
    const oauth = { issuer: 'i', audience: 'a', public_key_path: publicKey };
    for (const [uploads_at_once, uploads_per_subject] of [
      [16, 8],
      [5, 3],
      [2, 1],
      [1, 1],
    ])
      expect(load({ oauth, limits: { uploads_at_once } }, { role: 'verifier' }).config.limits).toMatchObject({
        uploads_per_subject,
      });
    expect(config.oauth).toBeUndefined();
    expect(warnings).toEqual(['no TLS mode is set: TLS is disabled']);
  });

  it('has room for the largest body, whoever sends it', () => {
    expect(load({ limits: { bundle_bytes: 10, json_bytes: 20 } }).config.limits).toMatchObject({
      body_memory_bytes: 40,
      body_memory_bytes_per_subject: 20,
    });
    const limits = { bundle_bytes: 10, json_bytes: 20, uploads_at_once: 2, uploads_per_subject: 3 };
    expect(
      problem({ limits: { ...limits, body_memory_bytes: 15, body_memory_bytes_per_subject: 19 } }).map(
        ({ key }) => key,
      ),
    ).toEqual(['limits.body_memory_bytes_per_subject', 'limits.body_memory_bytes', 'limits.uploads_per_subject']);
  });

  it('reads the files of the original operations manual: app.yaml with auth.yaml and tls.yaml beside it', () => {
    const file = files({
      'app.yaml': `
server: {bind: "0.0.0.0:8443", log_level: "info"}
oauth: {issuer: "https://auth.example.com", audience: "cap-verifier", required_scopes: ["verify:read"]}
verification: {backend: "mock", timeout_seconds: 30}
policy: {cache_enabled: true, cache_ttl_seconds: 3600}
`,
      'auth.yaml': `
oauth2:
  issuer: "https://auth.example.com"
  audience: "cap-verifier"
  public_key_path: "${publicKey}"
  required_scopes: ["verify:read"]
`,
      'tls.yaml': 'tls: {mode: disabled, min_version: 1.3}\n',
    });
    const { config, sources, warnings } = loadConfig({ role: 'verifier', file });
    expect(config.oauth).toEqual({
      issuer: ['https://auth.example.com'],
      audience: 'cap-verifier',
      public_key_path: publicKey,
      required_scopes: ['verify:read'],
    });
    expect(config.verification.backend).toBe('mock');
    expect(config.tls.min_version).toBe('1.3');
    expect(sources.get('oauth.public_key_path')).toMatch(/auth\.yaml$/);
    expect(warnings).toEqual([]);
  });

  it('lets variables win over files and flags over variables', () => {
    const file = files({
      'app.yaml': 'server: {log_level: error, management_bind: "127.0.0.1:1"}\npolicy: {cache_ttl_seconds: 1}\n',
    });
    const environment = {
      LOG_LEVEL: 'warn',
      CAP_POLICY__CACHE_TTL_SECONDS: '2',
      CAP_SERVER__MANAGEMENT_BIND: '127.0.0.1:2',
    };
    const { flags } = parseServiceFlags(['--management-bind', '127.0.0.1:3']);
    const { config } = loadConfig({ role: 'registry', file, environment, flags });
    expect(config.server).toMatchObject({ log_level: 'warn', management_bind: '127.0.0.1:3' });
    expect(config.policy.cache_ttl_seconds).toBe(2);
  });

  it('reads the file that CAP_CONFIG names, and the flag instead if both do', () => {
    const one = files({ 'app.yaml': 'environment: development\npolicy: {cache_ttl_seconds: 11}\n' });
    const two = files({ 'app.yaml': 'policy: {cache_ttl_seconds: 22}\n' });
    expect(load(undefined, { environment: { CAP_CONFIG: one } }).config.policy.cache_ttl_seconds).toBe(11);
    expect(load(undefined, { environment: { CAP_CONFIG: one }, file: two }).config.policy.cache_ttl_seconds).toBe(22);
  });

  it('takes an empty file and an empty section for nothing said', () => {
    expect(load(undefined, { file: files({ 'app.yaml': '' }) }).config.environment).toBe('development');
    expect(load(undefined, { file: files({ 'app.yaml': 'server:\noauth:\n' }) }).config.server.log_level).toBe('info');
  });

  it('takes a number of threads, none included, from each source', () => {
    expect(load({ server: { workers: 0 } }).config.server.workers).toBe(0);
    expect(load({}, { environment: { CAP_SERVER__WORKERS: '3' } }).config.server.workers).toBe(3);
    expect(load({}, { flags: parseServiceFlags(['--workers', '4']).flags }).config.server.workers).toBe(4);
    for (const workers of [-1, 1.5, 'two', 257])
      expect(problem({ server: { workers } })[0]).toMatchObject({ key: 'server.workers' });
  });

  it('takes several issuers', () => {
    const oauth = { issuer: ['https://a.test', 'https://b.test'], audience: 'x', public_key_path: publicKey };
    expect(load({ oauth }).config.oauth?.issuer).toEqual(['https://a.test', 'https://b.test']);
  });
});

describe('what is wrong', () => {
  it('is said all at once, each with source, key and expectation', () => {
    const file = files({
      'app.yaml': 'server: {bind: 7, colour: red}\nverification: {timeout_seconds: soon}\nnosuch: {a: 1}\n',
    });
    const found = problem(undefined, { file, environment: { CAP_LIMITS__RATIO: 'much' } });
    expect(found.map(({ key }) => key).sort()).toEqual([
      'limits.ratio',
      'nosuch',
      'server.bind',
      'server.colour',
      'verification.timeout_seconds',
    ]);
    const by = Object.fromEntries(found.map((one) => [one.key, one]));
    expect(by['server.bind']).toEqual({
      source: file,
      key: 'server.bind',
      expected: 'expected string, received number',
    });
    expect(by['server.colour']).toEqual({ source: file, key: 'server.colour', expected: 'unknown key' });
    expect(by['limits.ratio']!.source).toBe('environment variable CAP_LIMITS__RATIO');
  });

  it('is a ConfigError of exit 78 whose message has a line for each problem', () => {
    const error = new ConfigError(problem({ server: { bind: 'nowhere' }, tls: { crl: '/crl.pem' } }));
    expect(error).toMatchObject({ exit: 78, kind: 'config' });
    expect(error.message.split('\n')).toEqual([
      'document: tls.crl: not supported by this version; client certificates are not checked',
      'document: server.bind: expected HOST:PORT, e.g. 127.0.0.1:8080 or [::1]:8080',
    ]);
  });

  it.each(['proxy.example.com', '10.0.0.0/33', '300.1.1.1', ''])('%j is no address of a proxy', (address) => {
    expect(problem({ server: { trusted_proxies: [address] } })).toEqual([
      expect.objectContaining({
        key: 'server.trusted_proxies.0',
        expected: 'expected an address or a network, e.g. 10.0.0.0/8',
      }),
    ]);
  });

  it.each([
    [
      'a file that is not there',
      () => loadConfig({ role: 'registry', file: '/nowhere/app.yaml' }),
      '/nowhere/app.yaml',
      /readable file \(no such file or directory\)/,
    ],
    [
      'YAML that does not parse',
      () => load(undefined, { file: files({ 'app.yaml': 'server: {bind: [' }) }),
      'app.yaml',
      /line 1, column/,
    ],
    [
      'a key said twice in one file',
      () => load(undefined, { file: files({ 'app.yaml': 'policy: {}\npolicy: {}\n' }) }),
      'app.yaml',
      /unique/,
    ],
    [
      'aliases',
      () => load(undefined, { file: files({ 'app.yaml': 'server: &a {log_level: info}\npolicy: *a\n' }) }),
      'app.yaml',
      /aliases/,
    ],
    [
      'a list for a document',
      () => load(undefined, { file: files({ 'app.yaml': '- a\n' }) }),
      'app.yaml',
      /keys and values/,
    ],
  ])('names the place of %s', (_name, run, source, expected) => {
    const [first] = problemsOf(run);
    expect(first!.source).toContain(source);
    expect(first!.expected).toMatch(expected);
  });

  it('refuses sections in auth.yaml and tls.yaml that belong elsewhere', () => {
    const file = files({ 'app.yaml': '', 'tls.yaml': 'server: {log_level: info}\n' });
    expect(problem(undefined, { file })).toEqual([
      {
        source: path.join(path.dirname(file), 'tls.yaml'),
        key: 'server',
        expected: 'unknown key; expected only tls in tls.yaml',
      },
    ]);
  });

  it('refuses oauth and oauth2 that contradict each other, and takes them when they agree', () => {
    const same = { issuer: 'https://a.test', audience: 'x', public_key_path: publicKey };
    expect(load({ oauth: same, oauth2: same }).config.oauth?.audience).toBe('x');
    const [found] = problem({ oauth: same, oauth2: { ...same, audience: 'y' } });
    expect(found).toMatchObject({
      key: 'oauth2.audience',
      expected: expect.stringContaining('contradicts oauth.audience'),
    });
  });

  it('never lets a key of a file reach a prototype', () => {
    const file = files({ 'app.yaml': '"__proto__": {polluted: true}\n' });
    expect(problem(undefined, { file })[0]).toMatchObject({ key: '__proto__.polluted', expected: 'unknown key' });
    expect(({} as { polluted?: boolean }).polluted).toBeUndefined();
  });
});

describe('options that this version can not honour', () => {
  it.each([
    ['tls.mode', { tls: { mode: 'mtls' } }],
    ['tls.client_ca', { tls: { client_ca: '/ca.pem' } }],
    ['tls.crl', { tls: { crl: '/crl.pem' } }],
    ['rate_limit.enabled', { rate_limit: { enabled: true } }],
    ['telemetry.otlp.endpoint', { telemetry: { otlp: { endpoint: 'http://127.0.0.1:4317' } } }],
    ['backup.recipients', { backup: { recipients: ['age1x'] } }],
    ['backup.target', { backup: { target: 's3://bucket/prefix' } }],
    ['backup.target.restic', { backup: { target: { restic: '/repo' } } }],
    ['backup.retention.keep_daily', { backup: { retention: { keep_daily: 7 } } }],
  ])('%s stops the program', (key, document) => {
    expect(problem(document)).toEqual([
      { source: 'document', key, expected: expect.stringContaining('not supported by this version') },
    ]);
  });

  it('is no unknown key in the environment either', () => {
    expect(problem({}, { environment: { TLS_MODE: 'mtls' } })[0]).toMatchObject({
      source: 'environment variable TLS_MODE',
      key: 'tls.mode',
    });
    expect(
      problem({}, { flags: parseServiceFlags(['--mtls', '--client-ca', 'x']).flags }).map(({ source }) => source),
    ).toEqual(['flag --client-ca', 'flag --mtls']);
  });

  it('takes the values that ask for nothing', () => {
    const document = {
      rate_limit: 'off',
      telemetry: { otlp: { enabled: false } },
      backup: { recipients: [] },
    };
    expect(load(document).config).toMatchObject({
      rate_limit: { enabled: false },
      telemetry: { otlp: { enabled: false } },
    });
  });
});

describe('what keys demand of each other', () => {
  it('production refuses to serve without TLS, unless plaintext is allowed', () => {
    expect(problem({ environment: 'production' })).toEqual([
      { source: 'configuration', key: 'tls.mode', expected: expect.stringContaining('environment is production') },
    ]);
    expect(problem({ environment: 'production', tls: { mode: 'disabled' } })[0]!.key).toBe('tls.mode');
    expect(load({ environment: 'production', tls: { allow_plaintext: true } }).config.tls.mode).toBe('disabled');
  });

  it('production allows neither mock proofs nor embedded policies unless told to', () => {
    const tls = { allow_plaintext: true };
    expect(load({ environment: 'production', tls }).config.verification).toMatchObject({
      allow_mock: false,
    });
    expect(
      load({ environment: 'production', tls, verification: { allow_mock: true } }).config.verification,
    ).toMatchObject({
      allow_mock: true,
    });
  });

  it('TLS needs a certificate and a key that are there', () => {
    expect(problem({ tls: { mode: 'tls' } }).map(({ key }) => key)).toEqual(['tls.cert', 'tls.key']);
    expect(problem({ tls: { mode: 'tls', cert: publicKey, key: '/nowhere/key.pem' } })).toEqual([
      { source: 'document', key: 'tls.key', expected: 'expected a readable file at /nowhere/key.pem' },
    ]);
  });

  it('the verifier needs an issuer and exactly one source of keys', () => {
    const oauth = { issuer: 'i', audience: 'a' };
    const keysOf = (document: unknown) => problem(document, { role: 'verifier' }).map(({ key }) => key);
    expect(keysOf({})).toEqual(['oauth']);
    expect(keysOf({ oauth })).toEqual(['oauth']);
    expect(keysOf({ oauth: { ...oauth, public_key_path: publicKey, jwks_url: 'https://i.test/jwks' } })).toEqual([
      'oauth',
    ]);
    expect(keysOf({ oauth: { ...oauth, public_key_path: '/nowhere.pem' } })).toEqual(['oauth.public_key_path']);
    expect(keysOf({ oauth: { ...oauth, jwks_url: 'http://i.test/jwks' } })).toEqual(['oauth.jwks_url']);
    expect(keysOf({ oauth: { issuer: 'i', jwks_url: 'https://i.test/jwks' } })).toEqual(['oauth.audience']);
  });

  it('calls to a registry off loopback need https, unless plaintext is allowed', () => {
    const oauth = { issuer: 'i', audience: 'a', public_key_path: publicKey };
    const verifier = (document: object) => load({ oauth, ...document }, { role: 'verifier' });
    expect(problemsOf(() => verifier({ registry: { url: 'http://cap-registry:8081' } }))[0]!.key).toBe('registry.url');
    expect(
      verifier({ registry: { url: 'http://cap-registry:8081' }, tls: { allow_plaintext: true } }).config.registry.url,
    ).toBe('http://cap-registry:8081');
    expect(verifier({ registry: { url: 'https://cap-registry:8444' } }).config.registry.url).toBe(
      'https://cap-registry:8444',
    );
    expect(verifier({ registry: { url: 'http://localhost:8081' } }).config.registry.url).toBe('http://localhost:8081');
  });

  it('a client has one token hash, or two during rotation', () => {
    const hash = `sha256:${'0'.repeat(64)}`;
    expect(load({ registry: { tokens: { verifier: [hash, hash] } } }).config.registry.tokens).toEqual({
      verifier: [hash, hash],
    });
    expect(problem({ registry: { tokens: { verifier: [hash, hash, hash] } } })[0]!.key).toBe(
      'registry.tokens.verifier',
    );
    expect(problem({ registry: { tokens: { verifier: ['plain-token'] } } })[0]!.key).toBe('registry.tokens.verifier.0');
  });
});
