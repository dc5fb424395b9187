import { createHash, X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { createSecureContext, type SecureContextOptions } from 'node:tls';
import { type Config, ConfigError } from '@cap/config';

export interface Certificate {
  readonly options: SecureContextOptions & { cert: Buffer; key: Buffer };
  readonly validFrom: Date;
  readonly validTo: Date;
}

/** Reads certificate and key, and checks that they belong together; ConfigError otherwise. Null without TLS. */
export function readCertificate({ tls }: Config): Certificate | null {
  if (tls.mode === 'disabled') return null;
  return pairOf(tls, () => ({ cert: readFileSync(tls.cert!), key: readFileSync(tls.key!) }));
}

function pairOf(tls: Config['tls'], read: () => { cert: Buffer; key: Buffer }): Certificate {
  try {
    const pair = read();
    const options = { ...pair, minVersion: tls.min_version === '1.3' ? 'TLSv1.3' : 'TLSv1.2' } as const;
    createSecureContext(options);
    const { validFromDate, validToDate } = new X509Certificate(pair.cert);
    return { options, validFrom: validFromDate, validTo: validToDate };
  } catch (error) {
    const expected = `expected a PEM certificate chain and its private key in ${tls.key} (${(error as Error).message})`;
    throw new ConfigError([{ source: tls.cert!, key: 'tls.cert', expected }]);
  }
}

/**
 * Finds out that the files of the certificate changed, as where nobody sends a signal after a renewal (Kubernetes exchanges the
 * files in a pod).
 */
export class CertificateFiles {
  private wrong = '';
  private looks = 0;

  /**
   * The pair that the files hold, if it is another than the one in use; null otherwise. Rejects when the same wrong pair was
   * found a second time, and only then: the first look may have met an exchange that was under way, a third says nothing new.
   */
  async changed({ tls }: Config, inUse: Certificate): Promise<Certificate | null> {
    let pair = '';
    try {
      // Not on the event loop: the files may lie on a mount that hangs.
      const [cert, key] = await Promise.all([readFile(tls.cert!), readFile(tls.key!)]);
      pair = createHash('sha256').update(cert).update(key).digest('hex');
      const isSame = cert.equals(inUse.options.cert) && key.equals(inUse.options.key);
      const fresh = isSame ? null : pairOf(tls, () => ({ cert, key }));
      this.wrong = '';
      return fresh;
    } catch (error) {
      const wrong = pair || (error as Error).message;
      this.looks = wrong === this.wrong ? this.looks + 1 : 1;
      this.wrong = wrong;
      if (this.looks === 2) throw error;
      return null;
    }
  }
}

/** Throws when the certificate is not valid at this moment: a readiness check. */
export function assertValidNow({ validFrom, validTo }: Certificate, now = new Date()): void {
  if (now < validFrom) throw new Error(`the certificate is valid from ${validFrom.toISOString()}`);
  if (now > validTo) throw new Error(`the certificate expired at ${validTo.toISOString()}`);
}
