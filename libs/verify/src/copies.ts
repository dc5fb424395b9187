import { jcs, parseJson } from '@cap/core';
import type { Digest } from '@cap/crypto';
import { compilePolicy, parsePolicyText } from '@cap/policy';
import { backendById, decodeContainer } from '@cap/proof';
import type { Bundle, BundleMeta, FileRole, ProofUnit } from '@cap/proof/bundle';
import { fail, type Finding, ok } from './report/findings.js';
import { boundedJson, type FileHashes } from './files.js';
import type { CheckedManifest } from './manifests.js';
import { attempt } from './meta.js';

interface Copies {
  bundle: Bundle;
  meta: BundleMeta;
  units: readonly ProofUnit[];
  manifests: ReadonlyMap<string, CheckedManifest>;
  hashOf: FileHashes;
}

/** What is expected of a copy, and what it is instead. */
interface CopyFault {
  expected: string;
  actual: string;
}

/**
 * files.copies: what people read in a bundle must be what manifest and proof are about. The verdict never comes from a
 * copy, but whoever opens the zip would rely on it.
 */
export function checkCopies(copies: Copies): Finding[] {
  const { bundle, meta, manifests } = copies;
  // Without a manifest that can be read nothing says what a copy should be.
  if (manifests.size === 0) return [];
  const findings: Finding[] = [];
  for (const [name, { role }] of Object.entries(meta.files)) {
    const bytes = bundle.files.get(name);
    const compare = COMPARE[role];
    if (!compare || !bytes) continue;
    const fault = compare(copies, name, bytes);
    findings.push(fault ? fail('files.copies', fault) : ok('files.copies'));
  }
  return findings;
}

type Compare = (copies: Copies, name: string, bytes: Buffer) => CopyFault | null;

const COMPARE: Partial<Record<FileRole, Compare>> = {
  policy: ({ manifests }, name, bytes) => {
    const expected = [...manifests.values()].map(({ manifest }) => manifest.policy.hash);
    const compiled = attempt(() => compilePolicy(parsePolicyText(boundedJson(bytes, name), name)));
    if ('value' in compiled && expected.includes(compiled.value.policy_hash)) return null;
    return {
      expected: `${name}: policy ${expected.join(' or ')}`,
      actual: 'fault' in compiled ? compiled.fault : compiled.value.policy_hash,
    };
  },

  reference: ({ manifests, hashOf }, name) => {
    const named = [...manifests.values()].flatMap(({ manifest }) => manifest.reference_lists);
    const id = name.slice(name.indexOf('/') + 1, name.lastIndexOf('.'));
    // A file that bears the name of a list must be that one; other names are free.
    const own = named.filter((list) => list.id === id);
    const expected: Digest[] = (own.length > 0 ? own : named).map(({ hash }) => hash);
    const actual = hashOf(name)!;
    return expected.includes(actual)
      ? null
      : { expected: `${name}: ${expected.join(' or ') || 'no reference list is named'}`, actual };
  },

  disclosure: ({ bundle, units }, name, bytes) => {
    const payloads = units.flatMap(({ proof_file }) => {
      const proof = bundle.files.get(proof_file);
      const read = proof && attempt(() => decodeContainer(proof));
      if (!read || 'fault' in read) return [];
      const { backendId, payload } = read.value;
      return backendById(backendId)?.name === 'disclosure' ? [payload] : [];
    });
    const shown = attempt(() => jcs(parseJson(bytes, name)));
    return 'value' in shown && payloads.some((payload) => shown.value.equals(payload))
      ? null
      : {
          expected: payloads.length > 0 ? `${name}: what the proof opens` : `${name}: no proof opens rows`,
          actual: 'something else',
        };
  },
};
