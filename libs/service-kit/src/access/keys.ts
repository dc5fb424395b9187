import { createPublicKey, type JsonWebKey, KeyObject } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { CapError } from '@cap/core';
import { ConfigError, type OauthConfig } from '@cap/config';
import type { ModuleLog } from '../logging/logs.js';

export const ALGORITHMS = ['RS256', 'PS256', 'ES256'] as const;
export type SigningAlgorithm = (typeof ALGORITHMS)[number];

/** A public key of an issuer. Its type decides which algorithms it verifies, never the token. */
export interface VerificationKey {
  readonly pem: string;
  readonly algorithms: readonly SigningAlgorithm[];
  readonly kid: string | null;
}

/** Where the issuer's keys come from. */
export abstract class KeySource {
  /** The key for a token's kid and algorithm, or null. CapError auth.unavailable while the keys are unavailable. */
  abstract select(kid: string | undefined, algorithm: unknown): Promise<VerificationKey | null>;
  /** Reads the keys again; `changed` tells whether they differ. Throws when they can't be read. */
  abstract refresh(): Promise<{ changed: boolean }>;
  /** Like refresh, but does not join a read that is already in progress. */
  abstract refreshAnew(): Promise<{ changed: boolean }>;
  /** Why no token can be verified now, or null. */
  abstract missing(): string | null;
  abstract close(): void;
}

const MIN_RSA_BITS = 2048;
/** NIST SP 800-56B, 6.2: small exponents have made forgeries of sloppy implementations possible. */
const MIN_RSA_EXPONENT = 65537n;

/** By the key's type; none for a key that is not accepted (symmetric, weak RSA, other curves). */
function algorithmsOf(key: KeyObject): readonly SigningAlgorithm[] {
  if (key.type !== 'public') return [];
  const { modulusLength = 0, publicExponent = 0n, namedCurve } = key.asymmetricKeyDetails ?? {};
  if (key.asymmetricKeyType === 'rsa')
    return modulusLength >= MIN_RSA_BITS && publicExponent >= MIN_RSA_EXPONENT ? ['RS256', 'PS256'] : [];
  return key.asymmetricKeyType === 'ec' && namedCurve === 'prime256v1' ? ['ES256'] : [];
}

const verifies = ({ algorithms }: VerificationKey, algorithm: unknown): boolean =>
  algorithms.some((one) => one === algorithm);

const pemOf = (key: KeyObject): string => key.export({ type: 'spki', format: 'pem' }).toString();

/** One public key in a PEM file; a token's kid plays no part. */
export class PemKeySource extends KeySource {
  private current: VerificationKey;

  constructor(private readonly file: string) {
    super();
    this.current = this.read();
  }

  async select(_kid: string | undefined, algorithm: unknown): Promise<VerificationKey | null> {
    return verifies(this.current, algorithm) ? this.current : null;
  }

  async refresh(): Promise<{ changed: boolean }> {
    const { pem } = this.current;
    this.current = this.read();
    return { changed: this.current.pem !== pem };
  }

  refreshAnew(): Promise<{ changed: boolean }> {
    return this.refresh();
  }

  missing(): string | null {
    return null;
  }

  close(): void {}

  private read(): VerificationKey {
    const expected = `expected a PEM public key (RSA of ${MIN_RSA_BITS} bits or more with an exponent of ${MIN_RSA_EXPONENT} or more, or P-256) in ${this.file}`;
    const refuse = () => new ConfigError([{ source: this.file, key: 'oauth.public_key_path', expected }]);
    let key: KeyObject;
    try {
      const pem = readFileSync(this.file, 'utf8');
      // createPublicKey would take a private key too, and derive the public one.
      if (pem.includes('PRIVATE KEY')) throw new Error('a private key');
      key = createPublicKey(pem);
    } catch {
      throw refuse();
    }
    const algorithms = algorithmsOf(key);
    if (algorithms.length === 0) throw refuse();
    return { pem: pemOf(key), algorithms, kid: null };
  }
}

/** How often the issuer's key set is read again: a removed key stops working within this time. */
const REFRESH_MS = 30_000;
/** An unknown kid makes the set be read again, but not more often than this. */
const COOLDOWN_MS = 5_000;
/** The last good set serves while the issuer can't be reached, but no longer than this. */
const STALE_MS = 3_600_000;
const FETCH_TIMEOUT_MS = 5_000;
const MAX_SET_BYTES = 1_000_000;

type PublishedKey = JsonWebKey & { kid?: unknown; use?: unknown; key_ops?: unknown; alg?: unknown };

/** What its issuer says that the key is for (RFC 7517, 4.2 and 4.3): silence allows everything. */
const isForVerifying = ({ use, key_ops }: PublishedKey): boolean =>
  (use === undefined || use === 'sig') &&
  (key_ops === undefined || (Array.isArray(key_ops) && key_ops.includes('verify')));

/** A JWKS document as keys: those that are meant for signatures and that are accepted. */
export function keysOfJwks(document: unknown): VerificationKey[] {
  const members = (document as { keys?: unknown } | null)?.keys;
  if (!Array.isArray(members)) throw new Error('expected {"keys": […]}');
  const keys: VerificationKey[] = [];
  for (const jwk of members as PublishedKey[]) {
    if (typeof jwk !== 'object' || jwk === null || !isForVerifying(jwk)) continue;
    try {
      const { kty, n, e, crv, x, y } = jwk;
      const members = Object.entries({ kty, n, e, crv, x, y }).filter(([, member]) => member !== undefined);
      const key = createPublicKey({ key: Object.fromEntries(members), format: 'jwk' });
      const algorithms = algorithmsOf(key).filter((one) => jwk.alg === undefined || jwk.alg === one);
      if (algorithms.length > 0)
        keys.push({ pem: pemOf(key), algorithms, kid: typeof jwk.kid === 'string' ? jwk.kid : null });
    } catch {
      // a key of a type that Node does not know; the others still count
    }
  }
  return keys;
}

/** The issuer's published key set, selected by kid, read again on a schedule and for an unknown kid. */
export class JwksKeySource extends KeySource {
  private keys: readonly VerificationKey[] = [];
  private fingerprint = '';
  private readAt = 0;
  private triedAt = 0;
  /** Whether the last answer was no key set: then a key that is not known here may well be the issuer's. */
  private unread = false;
  private running: Promise<{ changed: boolean }> | null = null;
  private readonly timer: NodeJS.Timeout;

  /** `onChange` is told when the set differs from the one before; `now` in milliseconds. */
  constructor(
    private readonly url: string,
    private readonly onChange: () => void,
    private readonly log: ModuleLog,
    private readonly now: () => number = Date.now,
  ) {
    super();
    this.timer = setInterval(() => void this.refresh().catch(() => undefined), REFRESH_MS);
    this.timer.unref();
  }

  async select(kid: string | undefined, algorithm: unknown): Promise<VerificationKey | null> {
    if (!ALGORITHMS.some((one) => one === algorithm)) return null; // no set could have a key for it
    if (this.now() - this.readAt > STALE_MS) this.keys = [];
    const known = this.find(kid, algorithm);
    if (known) return known;
    if (this.now() - this.triedAt >= COOLDOWN_MS) await this.refresh().catch(() => undefined);
    else await this.running?.catch(() => undefined);
    const found = this.find(kid, algorithm);
    if (!found && this.unread) throw unavailable();
    return found;
  }

  /** One request at a time; those who come meanwhile share it. */
  refresh(): Promise<{ changed: boolean }> {
    this.running ??= this.read().finally(() => (this.running = null));
    return this.running;
  }

  async refreshAnew(): Promise<{ changed: boolean }> {
    await this.running?.catch(() => undefined);
    return this.refresh();
  }

  missing(): string | null {
    if (this.keys.length === 0) return `no usable key from ${this.url}`;
    return null;
  }

  close(): void {
    clearInterval(this.timer);
  }

  /** Without a kid a key is only chosen if there is no other choice. */
  private find(kid: string | undefined, algorithm: unknown): VerificationKey | null {
    const fitting = this.keys.filter((key) => verifies(key, algorithm) && (kid === undefined || key.kid === kid));
    return fitting.length === 1 ? fitting[0]! : null;
  }

  private async read(): Promise<{ changed: boolean }> {
    this.triedAt = this.now();
    this.unread = true;
    try {
      const response = await fetch(this.url, {
        signal: AbortSignal.timeout(FETCH_TIMEOUT_MS),
        redirect: 'error',
        headers: { accept: 'application/json' },
      });
      if (!response.ok) throw new Error(`HTTP ${response.status}`);
      let text = '';
      const decoder = new TextDecoder();
      for await (const chunk of response.body ?? []) {
        text += decoder.decode(chunk as Uint8Array, { stream: true });
        if (text.length > MAX_SET_BYTES) throw new Error(`more than ${MAX_SET_BYTES} bytes`);
      }
      const keys = keysOfJwks(JSON.parse(text));
      this.unread = false;
      if (keys.length === 0) throw new Error('no usable key');
      const fingerprint = JSON.stringify(keys);
      const changed = fingerprint !== this.fingerprint;
      this.keys = keys;
      this.fingerprint = fingerprint;
      this.readAt = this.now();
      if (changed) this.onChange();
      return { changed };
    } catch (error) {
      this.log.warn('the key set of the token issuer could not be read', { url: this.url, error });
      throw error;
    }
  }
}

/** The token may be a good one: whoever sent it is told to come back, not to get another. */
const unavailable = () =>
  new CapError('auth.unavailable', "Tokens can't be verified right now: the issuer's keys are unavailable.");

export function openKeySource(oauth: OauthConfig, onChange: () => void, log: ModuleLog): KeySource {
  return oauth.jwks_url === undefined
    ? new PemKeySource(oauth.public_key_path!)
    : new JwksKeySource(oauth.jwks_url, onChange, log);
}
