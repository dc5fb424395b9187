import { X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createSecureContext, type SecureContextOptions } from 'node:tls';
import { type Config, ConfigError } from '@cap/config';

export interface Certificate {
  readonly options: SecureContextOptions;
  readonly validFrom: Date;
  readonly validTo: Date;
}

/** Reads certificate and key, and checks that they belong together; ConfigError otherwise. Null without TLS. */
export function readCertificate({ tls }: Config): Certificate | null {
  if (tls.mode === 'disabled') return null;
  try {
    const cert = readFileSync(tls.cert!);
    const options: SecureContextOptions = {
      cert,
      key: readFileSync(tls.key!),
      minVersion: tls.min_version === '1.3' ? 'TLSv1.3' : 'TLSv1.2',
    };
    createSecureContext(options);
    const { validFromDate, validToDate } = new X509Certificate(cert);
    return { options, validFrom: validFromDate, validTo: validToDate };
  } catch (error) {
    const expected = `expected a PEM certificate chain and its private key in ${tls.key} (${(error as Error).message})`;
    throw new ConfigError([{ source: tls.cert!, key: 'tls.cert', expected }]);
  }
}

/** Throws when the certificate is not valid at this moment: a readiness check. */
export function assertValidNow({ validFrom, validTo }: Certificate, now = new Date()): void {
  if (now < validFrom) throw new Error(`the certificate is valid from ${validFrom.toISOString()}`);
  if (now > validTo) throw new Error(`the certificate expired at ${validTo.toISOString()}`);
}
