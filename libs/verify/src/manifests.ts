import { isCanonicalJson } from '@cap/core';
import type { Digest } from '@cap/crypto';
import type { Bundle, ProofUnit } from '@cap/proof/bundle';
import { commitmentsFault, parseManifest, type Manifest } from '@cap/proof/manifest';
import { type CheckResult, fail, type Finding, ok } from './report/findings.js';
import { companyText } from './trust/company.js';
import { boundedJson, type FileHashes } from './files.js';
import { attempt } from './meta.js';

export interface CheckedManifest {
  file: string;
  hash: Digest;
  manifest: Manifest;
}

/** Manifests by file name. */
export type CheckedManifests = ReadonlyMap<string, CheckedManifest>;

/** manifest.schema, manifest.canonical, manifest.commitments, for each manifest that a proof unit names. */
export function checkManifests(
  bundle: Bundle,
  units: readonly ProofUnit[],
  hashOf: FileHashes,
): CheckResult<CheckedManifests> {
  const manifests = new Map<string, CheckedManifest>();
  const findings: Finding[] = [];
  for (const file of new Set(units.map(({ manifest_file }) => manifest_file))) {
    const bytes = bundle.files.get(file);
    const hash = hashOf(file);
    // A listed file that is not there already failed files.hash.
    if (!bytes || !hash) continue;
    const expected = 'cap-manifest.v2';
    const read = attempt(() => parseManifest(boundedJson(bytes, file)));
    if ('fault' in read) {
      findings.push(fail('manifest.schema', { expected, actual: read.fault }));
      continue;
    }
    const manifest = read.value;
    findings.push(
      ok('manifest.schema', { expected, actual: expected }),
      isCanonicalJson(bytes, manifest)
        ? ok('manifest.canonical')
        : fail('manifest.canonical', { expected: 'JCS bytes (RFC 8785)', actual: `another spelling (${file})` }),
      commitmentsFinding(manifest),
    );
    manifests.set(file, { file, hash, manifest });
  }
  return { value: manifests, findings: [...findings, ...checkOneCompany([...manifests.values()])] };
}

function commitmentsFinding(manifest: Manifest): Finding {
  const fault = commitmentsFault(manifest);
  const { company_commitment_root: root } = manifest;
  return fault
    ? fail('manifest.commitments', { expected: fault.expected, actual: `${fault.actual}: ${fault.reason}` })
    : ok('manifest.commitments', { expected: root, actual: root });
}

/** meta.units: proofs about several companies would be read as proofs about one. */
function checkOneCompany(manifests: readonly CheckedManifest[]): Finding[] {
  const companies = new Set(manifests.map(({ manifest: { company } }) => JSON.stringify([company.name, company.lei])));
  if (companies.size < 2) return [];
  const named = manifests.map(({ file, manifest }) => `${file}: ${companyText(manifest.company) || 'none'}`);
  return [fail('meta.units', { expected: 'one company in all manifests', actual: named.join('; ') })];
}
