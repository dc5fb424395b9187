import { CapError } from '@cap/core';
import type { Manifest } from '../manifest/manifest.js';
import type { BackendName } from '../statement/statement.js';
import type { BackendProver } from './backend-prover.js';
import { disclosureProver } from './disclosure/prove.js';
import { kzgColumnsProver } from './kzg-columns/prove.js';
import { mockProver } from './mock/prove.js';

/** The prover's half of every backend, in the order of backends/index.ts. */
export const provers: readonly BackendProver[] = [kzgColumnsProver, disclosureProver, mockProver];

/**
 * The prover of a manifest: the named one, else the usual one for its commitments. Throws CapError
 * `proof.backend` if the named one can't prove over them, `option.unsupported` if this release has none of that name.
 */
export function proverFor({ commitments }: Manifest, name?: BackendName): BackendProver {
  const schemes = [...new Set(commitments.map(({ scheme }) => scheme))];
  const serves = ({ backend }: BackendProver) => schemes.every((scheme) => backend.schemes.includes(scheme));
  const named = name === undefined ? provers.find(serves) : provers.find(({ backend }) => backend.name === name);
  if (!named)
    throw new CapError(
      'option.unsupported',
      `backend ${String(name)} is not available in this version; available: ${provers.map(({ backend }) => backend.name).join(', ')}`,
    );
  if (serves(named)) return named;
  const others = provers.filter(serves).map(({ backend }) => `--backend ${backend.name}`);
  throw new CapError(
    'proof.backend',
    `backend ${named.backend.name} needs ${named.backend.schemes.join(' or ')} commitments, but the manifest has ${schemes.join(' and ')}; ` +
      `use ${others.join(' or ')}, or rebuild the manifest with --scheme ${named.backend.schemes.map(unversioned).join(' or ')}`,
  );
}

/** As --scheme names it. */
const unversioned = (scheme: string): string => scheme.replace(/\.v\d+$/, '');
