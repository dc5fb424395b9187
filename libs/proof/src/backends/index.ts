import type { ProofBackend } from './backend.js';
import { disclosure } from './disclosure/disclosure.js';
import { kzgColumns } from './kzg-columns/kzg-columns.js';
import { mock } from './mock/mock.js';

/** Every way of proving that this release has; where several can prove over a commitment, the first is the usual one. */
export const backends: readonly ProofBackend[] = [kzgColumns, disclosure, mock];

/** Looks a backend up by the byte in the container's header; undefined for one that this release does not have. */
export const backendById = (id: number): ProofBackend | undefined => backends.find((backend) => backend.id === id);

/** Looks a backend up by the name in _meta.json and in configuration. */
export const backendByName = (name: string): ProofBackend | undefined =>
  backends.find((backend) => backend.name === name);
