import { readFile } from 'node:fs/promises';
import { type Config, ConfigError } from '@cap/config';
import { publicKeyFromText } from '@cap/crypto';
import { systemWords } from '@cap/core';
import { assertTrustSigned, parseTrustStore, trustSignatureFile, type TrustStore } from '@cap/verify';
import { type Reload } from '@cap/service-kit';

/** The verifier's own trust store (verification.trust_file); null when none is configured. SIGHUP reads it again. */
export class Trust {
  private constructor(private held: TrustStore | null) {}

  /** Throws ConfigError when the file can't be read or is not a trust store: without it every signer would be unknown. */
  static async open(config: Config): Promise<Trust> {
    return new Trust(await read(config));
  }

  get store(): TrustStore | null {
    return this.held;
  }

  reloadWith(reload: Reload): void {
    reload.add('trust store', async (config) => void (this.held = await read(config)), [
      'verification.trust_file',
      'verification.trust_signer',
    ]);
  }
}

async function read({ verification: { trust_file: file, trust_signer: signer } }: Config): Promise<TrustStore | null> {
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
