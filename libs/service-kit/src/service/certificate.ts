import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import type { SecureContextOptions } from 'node:tls';
import { checkedTlsPair, type CheckedTlsPair, type Config, readTlsPair } from '@cap/config';
import { TLS_CIPHERS } from '@cap/crypto/tls-ciphers';

export interface Certificate {
  readonly options: SecureContextOptions & { cert: Buffer; key: Buffer };
  readonly validFrom: Date;
  readonly validTo: Date;
}

/** Reads certificate and key, and checks that they belong together; ConfigError otherwise. Null without TLS. */
export function readCertificate(config: Config): Certificate | null {
  const pair = readTlsPair(config);
  return pair && certificateOf(pair, config.tls);
}

function certificateOf({ cert, key, validFrom, validTo }: CheckedTlsPair, tls: Config['tls']): Certificate {
  const minVersion = tls.min_version === '1.3' ? 'TLSv1.3' : 'TLSv1.2';
  return { options: { cert, key, minVersion, ciphers: TLS_CIPHERS }, validFrom, validTo };
}

/**
 * Notices that the certificate's files have changed, for renewals without a signal (Kubernetes replaces the files in a
 * pod).
 */
export class CertificateFiles {
  private wrong = '';
  private looks = 0;

  /**
   * The pair in the files, if it differs from the one in use; null otherwise. Rejects when it finds the same unusable pair for the
   * second time, and only then: the first time the files may have been in the middle of a replacement, the third is no news.
   */
  async changed(tls: Config['tls'], inUse: Certificate): Promise<Certificate | null> {
    let pair = '';
    try {
      // Not on the event loop: the files may lie on a mount that hangs.
      const [cert, key] = await Promise.all([readFile(tls.cert!), readFile(tls.key!)]);
      pair = createHash('sha256').update(cert).update(key).digest('hex');
      const isSame = cert.equals(inUse.options.cert) && key.equals(inUse.options.key);
      const fresh = isSame
        ? null
        : certificateOf(
            checkedTlsPair(tls, () => ({ cert, key })),
            tls,
          );
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
