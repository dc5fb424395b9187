import { createPrivateKey, type KeyObject, X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createSecureContext } from 'node:tls';
import { ConfigError } from './errors.js';
import type { Config } from './schema.js';

/** A certificate chain and its private key, as the files hold them. */
export interface TlsPair {
  readonly cert: Buffer;
  readonly key: Buffer;
}
export interface CheckedTlsPair extends TlsPair {
  readonly validFrom: Date;
  /** When the first certificate of the chain expires. */
  readonly validTo: Date;
}

/** What tls.cert and tls.key hold; null without TLS. Throws ConfigError that names both files. */
export function readTlsPair({ tls }: Config): CheckedTlsPair | null {
  if (tls.mode === 'disabled') return null;
  return checkedTlsPair(tls, () => ({ cert: readFileSync(tls.cert!), key: readFileSync(tls.key!) }));
}

/** A pair that a server can serve with. Throws ConfigError that names both files. */
export function checkedTlsPair({ cert, key }: Config['tls'], read: () => TlsPair): CheckedTlsPair {
  try {
    const pair = read();
    createSecureContext({ ...pair });
    const certificate = new X509Certificate(pair.cert);
    const privateKey = createPrivateKey(pair.key);
    // The library takes a certificate and a key of different types side by side, and then fails every handshake.
    if (!certificate.checkPrivateKey(privateKey))
      throw new Error(
        `the key (${typeOf(privateKey)}) is not that of the certificate (${typeOf(certificate.publicKey)})`,
      );
    return { ...pair, validFrom: certificate.validFromDate, validTo: firstEnd(certificatesOf(pair.cert)) };
  } catch (error) {
    const expected = `expected a PEM certificate chain and its private key in ${key} (${(error as Error).message})`;
    throw new ConfigError([{ source: cert!, key: 'tls.cert', expected }]);
  }
}

const typeOf = ({ asymmetricKeyType, asymmetricKeyDetails }: KeyObject): string =>
  [asymmetricKeyType, asymmetricKeyDetails?.namedCurve].filter((part) => part !== undefined).join(' ');

/** All certificates of a PEM file. Throws for one that is none. */
export const certificatesOf = (pem: Buffer): X509Certificate[] =>
  (pem.toString('latin1').match(/-----BEGIN CERTIFICATE-----[^]*?-----END CERTIFICATE-----/g) ?? []).map(
    (text) => new X509Certificate(text),
  );

/** A chain is of no use from the day on which its first link ends. */
const firstEnd = (chain: readonly X509Certificate[]): Date =>
  new Date(Math.min(...chain.map(({ validToDate }) => validToDate.getTime())));
