import { CapError } from '@cap/core';
import { type Manifest } from '../manifest/manifest.js';
import { type BackendName, type ProofBackend } from './backend.js';
import { disclosure } from './disclosure/disclosure.js';
import { kzgColumns } from './kzg-columns/kzg-columns.js';
import { mock } from './mock/mock.js';

/** Every way of proving that this release has; where several can prove over a commitment, the first is the usual one. */
export const backends: readonly ProofBackend[] = [kzgColumns, disclosure, mock];

/** By the byte in the container's header; undefined for one that this release does not have. */
export const backendById = (id: number): ProofBackend | undefined => backends.find((backend) => backend.id === id);

/** By the name in _meta.json and in configuration. */
export const backendByName = (name: string): ProofBackend | undefined =>
  backends.find((backend) => backend.name === name);

/**
 * The backend to prove a manifest with: the named one, else the usual one for its commitments. Throws CapError
 * `proof.backend` if the named one can't prove over them, `option.unsupported` if this release has none of that name.
 */
export function backendFor({ commitments }: Manifest, name?: BackendName): ProofBackend {
  const schemes = [...new Set(commitments.map(({ scheme }) => scheme))];
  const serves = (backend: ProofBackend) => schemes.every((scheme) => backend.schemes.includes(scheme));
  const named = name === undefined ? backends.find(serves) : backendByName(name);
  if (!named)
    throw new CapError(
      'option.unsupported',
      `backend ${String(name)}: not built in this version; there are ${backends.map((backend) => backend.name).join(', ')}`,
    );
  if (serves(named)) return named;
  const others = backends.filter(serves).map((backend) => `--backend ${backend.name}`);
  throw new CapError(
    'proof.backend',
    `backend ${named.name}: it proves over ${named.schemes.join(' or ')}, the manifest commits by ${schemes.join(' and ')}; ` +
      `prove with ${others.join(' or ')}, or build the manifest anew with --scheme ${named.schemes.map(unversioned).join(' or ')}`,
  );
}

/** As --scheme names it. */
const unversioned = (scheme: string): string => scheme.replace(/\.v\d+$/, '');
