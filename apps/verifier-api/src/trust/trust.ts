import { readFile } from 'node:fs/promises';
import type { Provider } from '@nestjs/common';
import { ConfigService } from '@nestjs/config';
import { type Config, ConfigError } from '@cap/config';
import { publicKeyFromText } from '@cap/crypto';
import { systemWords } from '@cap/core/files';
import { assertTrustSigned, parseTrustStore, trustSignatureFile, type TrustStore } from '@cap/verify/trust';
import { type Expiry, Expiries, Reload } from '@cap/service-kit';

type Settings = Pick<Config['verification'], 'trust_file' | 'trust_signer'>;

/** The verifier's own trust store (verification.trust_file); null if none is configured. SIGHUP reloads it. */
export class Trust {
  private constructor(private current: TrustStore | null) {}

  get store(): TrustStore | null {
    return this.current;
  }

  /** Throws ConfigError when the file can't be read or is not a trust store: without it every signer would be unknown. */
  static async open(settings: Settings): Promise<Trust> {
    return new Trust(await load(settings));
  }

  /** Throws like `open`, and then keeps the current one. */
  async reload(settings: Settings): Promise<void> {
    this.current = await load(settings);
  }

  /** When each signer's key expires. */
  expiries(): Expiry[] {
    const signers = this.store?.document.signers ?? [];
    return signers.map(({ kid, valid_to }) => ({ kind: 'trusted-signer', name: kid, expiresAt: new Date(valid_to) }));
  }
}

export const trustProvider: Provider = {
  provide: Trust,
  inject: [ConfigService, Reload, Expiries],
  async useFactory(config: ConfigService<Config, true>, reload: Reload, expiries: Expiries): Promise<Trust> {
    const trust = await Trust.open(config.get('verification', { infer: true }));
    reload.add('trust store', ({ verification }) => trust.reload(verification), [
      'verification.trust_file',
      'verification.trust_signer',
    ]);
    expiries.add(() => trust.expiries());
    return trust;
  },
};

async function load({ trust_file: file, trust_signer: signer }: Settings): Promise<TrustStore | null> {
  if (file === undefined) {
    if (signer === undefined) return null;
    throw new ConfigError([
      { source: 'configuration', key: 'verification.trust_signer', expected: 'verification.trust_file is not set' },
    ]);
  }
  try {
    const bytes = await readFile(file);
    if (signer !== undefined) {
      const key = publicKeyFromText(await readFile(signer, 'utf8'));
      assertTrustSigned(bytes, await readFile(trustSignatureFile(file)), key, file);
    }
    return parseTrustStore(bytes, file);
  } catch (error) {
    const { path = file } = error as NodeJS.ErrnoException;
    throw new ConfigError([{ source: path, key: 'verification.trust_file', expected: systemWords(error) }]);
  }
}
