import { availableParallelism } from 'node:os';
import { z } from 'zod';
import { parseAddress, type Role } from './listen.js';
import { parseLogLevels } from './log-levels.js';
import { DEFAULT_LOCATIONS } from './default-locations.js';

const refined = (check: (text: string) => unknown) =>
  z.string().superRefine((text, context) => {
    try {
      check(text);
    } catch (error) {
      context.addIssue({ code: 'custom', message: (error as Error).message });
    }
  });

const address = refined(parseAddress);
const path = z.string().min(1, { error: 'expected a path' });
const count = z.int().positive();
const url = z.url({ protocol: /^https?$/, error: 'expected an http:// or https:// URL' });
const names = z.array(z.string().min(1));
const network = z.union([z.ipv4(), z.ipv6(), z.cidrv4(), z.cidrv6()], {
  error: 'expected an address or a network, e.g. 10.0.0.0/8',
});
const tokenHash = z.string().regex(/^sha256:[0-9a-f]{64}$/, { error: 'expected sha256: and 64 lower-case hex digits' });
const cron = z.string().regex(/^(\S+\s+){4}\S+$/, { error: 'expected a cron expression of five fields' });
const object = <T extends z.core.$ZodLooseShape>(shape: T) =>
  z.strictObject(shape).prefault({} as z.input<z.ZodObject<T, z.core.$strict>>);

/** `1.2` is a number in YAML; `TLSv1.2`, as in the original operations manual, is accepted too. */
const tlsVersion = z
  .union([z.string(), z.number()], { error: 'expected 1.2 or 1.3' })
  .transform((value) => String(value).replace(/^TLSv/, ''))
  .pipe(z.enum(['1.2', '1.3'], { error: 'expected 1.2 or 1.3' }));

/** Names of accepted proof backends; the verifier knows which exist. */
const backend = z.union([z.string().min(1), names.min(1)], {
  error: "expected 'auto', a backend name or a list of names",
});

/** Whether `registry.database` names a PostgreSQL server, not an SQLite file. */
export const isPostgresUrl = (database: string): boolean => /^postgres(ql)?:/.test(database);

const database = path.refine((text) => !isPostgresUrl(text) || (/^\w+:\/\/./.test(text) && URL.canParse(text)), {
  error: 'expected the path of an SQLite file, or postgres://USER@HOST:PORT/DATABASE',
});

const BLOBS = 'expected a directory, or s3 with bucket and region';
/** A bucket. */
const s3 = z.strictObject({
  bucket: z.string().regex(/^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/, { error: 'expected the name of a bucket' }),
  region: z.string().regex(/^[A-Za-z0-9-]+$/, { error: 'expected the name of a region' }),
  /** Default: Amazon's of the region. */
  endpoint: url.optional(),
  /** Stands before every key. */
  prefix: z
    .string()
    .regex(/^([A-Za-z0-9._-]+\/)*$/, { error: 'expected a prefix that ends with /' })
    .default(''),
  /** Without them the SDK looks in its environment, profile and the machine's role. */
  access_key_id: z.string().min(1).optional(),
  secret_access_key: z.string().min(1).optional(),
  force_path_style: z.boolean().optional(),
});
export type S3Location = z.input<typeof s3>;

const blobs = z.union([path.refine((text) => !/^s3:/.test(text), { error: BLOBS }), z.strictObject({ s3 })], {
  error: BLOBS,
});

export const oauthSchema = z.strictObject({
  /** One issuer, or several whose tokens are accepted. */
  issuer: z.union([z.string().min(1), names.min(1)], { error: 'expected an issuer or a list of issuers' }),
  audience: z.string().min(1),
  /** PEM file with the issuer's public key (RSA or P-256). */
  public_key_path: path.optional(),
  /** Where the issuer publishes its keys; selected by kid. */
  jwks_url: url.optional(),
  /** Scopes that every token must carry, whatever the route asks. */
  required_scopes: names.default([]),
});

/**
 * Every key of app.yaml, auth.yaml and tls.yaml with its default. Options that this version can't honour are not here:
 * unsupported.ts refuses them by name.
 */
export const configSchema = z.strictObject({
  environment: z.enum(['development', 'production']).default('development'),
  server: object({
    bind: address.optional(),
    management_bind: address.optional(),
    log_level: refined(parseLogLevels).default('info'),
    /** Addresses or networks whose X-Forwarded-For is trusted. */
    trusted_proxies: z.array(network).default([]),
    /** Threads that verify zero-knowledge proofs; 0: they are verified on the main thread. */
    workers: z.int().min(0).max(256).default(availableParallelism),
  }),
  oauth: oauthSchema.optional(),
  tls: object({
    mode: z.enum(['disabled', 'tls']).optional(),
    cert: path.optional(),
    key: path.optional(),
    min_version: tlsVersion.prefault('1.2'),
    /** Serve, and call the registry, without TLS where that would be refused. */
    allow_plaintext: z.boolean().default(false),
  }),
  verification: object({
    backend: backend.default('auto'),
    timeout_seconds: z.number().positive().max(3600).default(30),
    /** Default: true in development, false in production. */
    allow_mock: z.boolean().optional(),
    trust_file: path.optional(),
    /** Public key (PEM) that must have signed trust_file: TRUST_FILE.sig beside it. */
    trust_signer: path.optional(),
  }),
  policy: object({
    cache_enabled: z.boolean().default(true),
    cache_ttl_seconds: count.default(3600),
  }),
  registry: object({
    url: url.default('http://127.0.0.1:8081'),
    bind: address.optional(),
    /** SQLite file, or a postgres:// URL. */
    database: database.default(DEFAULT_LOCATIONS.database),
    /** Directory, or a bucket. */
    blobs: blobs.default(DEFAULT_LOCATIONS.blobs),
    log: object({
      /** Names the log in its checkpoints; the epoch number comes after it. */
      origin: z
        .string()
        .regex(/^[^\s+]+[^\s+/]$/, { error: 'expected a name without white space or +, such as log.example/cap' })
        .default('cap-registry.local/log'),
      /** PEM file of the Ed25519 key, or several: the first one is the log's key, those that it replaces sign too. Default: keys/log.key beside the database, made at the first start. */
      key: z.union([path, z.array(path).min(1)], { error: 'expected a path or a list of paths' }).optional(),
    }),
    /** Age at which a registered bundle is erased unless it is held; null: evidence is kept. */
    retention_years: z
      .int()
      .min(7, { error: 'expected 7 years or more, or null: LkSG § 10 (1) has evidence kept for seven years' })
      .max(1000)
      .nullable()
      .default(null),
    /** The bearer token with which this program calls the registry. */
    token: z.string().min(16, { error: 'expected at least 16 characters' }).optional(),
    /** What the registry (or backup worker) accepts: client name -> one hash, or two during rotation. */
    tokens: z.record(z.string().regex(/^[a-z][a-z0-9-]*$/), z.array(tokenHash).min(1).max(2)).default({}),
  }),
  limits: object({
    bundle_bytes: count.default(100_000_000),
    json_bytes: count.default(10_000_000),
    zip_entries: count.default(10_000),
    unpacked_bytes: count.default(500_000_000),
    /** Unpacked size over packed size, per entry. */
    ratio: count.default(100),
    /** Uploads that are spooled to disk at the same time; more are answered 503. */
    uploads_at_once: count.default(16),
    /** Of these, one subject's. Default: half; at the registry, whose callers are few and known, three quarters. */
    uploads_per_subject: count.optional(),
    /** Bytes of bodies in memory at the same time, each until its request is answered. Default: two of the largest. */
    body_memory_bytes: count.optional(),
    /** Of these, one subject's. Default: half. */
    body_memory_bytes_per_subject: count.optional(),
    /** A body that comes more slowly for as long as the grace lasts is answered 408. */
    body_min_bytes_per_second: count.default(5_000),
    body_grace_seconds: z.number().positive().max(300).default(10),
    /** What one token subject may upload within 24 h. */
    upload_quota_bytes: count.default(10_000_000_000),
  }),
  rate_limit: object({ enabled: z.literal(false).default(false) }),
  telemetry: object({ otlp: object({ enabled: z.literal(false).default(false) }) }),
  backup: object({
    schedule: cron.default('0 2 * * *'),
    /** Directory. */
    target: path.default(DEFAULT_LOCATIONS.backups),
    recipients: z.array(z.string()).max(0).default([]),
    /** Key file that signs archives. */
    signing_key: path.optional(),
    allow_plaintext_keys: z.boolean().default(false),
    retention: object({ days: count.default(7) }),
    /** Directories that are saved beside the registry; null: this machine has none. */
    sources: object({
      keys: path.nullable().default(DEFAULT_LOCATIONS.keys),
      config: path.nullable().default(DEFAULT_LOCATIONS.config),
      certs: path.nullable().default(DEFAULT_LOCATIONS.certs),
    }),
    bind: address.optional(),
  }),
});

type Parsed = z.output<typeof configSchema>;

/** The configuration as programs use it: defaults applied, what depends on `environment` decided, issuers as a list. */
export interface Config extends Omit<Parsed, 'oauth' | 'tls' | 'verification' | 'limits'> {
  readonly limits: Required<Parsed['limits']>;
  readonly oauth: OauthConfig | undefined;
  readonly tls: Omit<Parsed['tls'], 'mode'> & { readonly mode: 'disabled' | 'tls' };
  readonly verification: Omit<Parsed['verification'], 'allow_mock'> & {
    readonly allow_mock: boolean;
  };
}
export type OauthConfig = Omit<z.output<typeof oauthSchema>, 'issuer'> & { readonly issuer: readonly string[] };

export function settle(parsed: Parsed, role: Role): Config {
  const development = parsed.environment === 'development';
  const { oauth, tls, verification } = parsed;
  return {
    ...parsed,
    limits: settleLimits(parsed.limits, role),
    oauth: oauth && { ...oauth, issuer: [oauth.issuer].flat() },
    tls: { ...DEFAULT_LOCATIONS.certificate, ...tls, mode: tls.mode ?? 'disabled' },
    verification: {
      ...verification,
      allow_mock: verification.allow_mock ?? development,
    },
  };
}

/** The largest body that is read into memory. */
export const largestBody = ({ bundle_bytes, json_bytes }: Parsed['limits']): number =>
  Math.max(bundle_bytes, json_bytes);

function settleLimits(limits: Parsed['limits'], role: Role): Config['limits'] {
  const left = Math.max(1, Math.floor(limits.uploads_at_once * (role === 'registry' ? 0.25 : 0.5)));
  const all = limits.body_memory_bytes ?? 2 * largestBody(limits);
  return {
    ...limits,
    uploads_per_subject: limits.uploads_per_subject ?? Math.max(1, limits.uploads_at_once - left),
    body_memory_bytes: all,
    body_memory_bytes_per_subject:
      limits.body_memory_bytes_per_subject ?? Math.max(largestBody(limits), Math.floor(all / 2)),
  };
}
