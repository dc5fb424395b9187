import { isCanonicalJson } from '@cap/core';
import { type Digest } from '@cap/crypto';
import { type Bundle, type ProofUnit, commitmentsFault, parseManifest, type Manifest } from '@cap/proof';
import { type CheckList } from './report/check-list.js';
import { companyText } from './trust/company.js';
import { boundedJson, type FileHashes } from './files.js';
import { attempt } from './meta.js';

export interface JudgedManifest {
  file: string;
  hash: Digest;
  manifest: Manifest;
}

/** manifest.schema, manifest.canonical, manifest.commitments, for each manifest that a proof unit names. By file name. */
export function checkManifests(
  bundle: Bundle,
  units: readonly ProofUnit[],
  hashOf: FileHashes,
  checks: CheckList,
): ReadonlyMap<string, JudgedManifest> {
  const manifests = new Map<string, JudgedManifest>();
  for (const file of new Set(units.map(({ manifest_file }) => manifest_file))) {
    const bytes = bundle.files.get(file);
    const hash = hashOf(file);
    // A listed file that is not there already failed files.hash.
    if (!bytes || !hash) continue;
    const manifest = attempt(
      () => parseManifest(boundedJson(bytes, file)),
      (why) => checks.fail('manifest.schema', { expected: 'cap-manifest.v2', actual: why }),
    );
    if (!manifest) continue;
    checks.ok('manifest.schema', { expected: 'cap-manifest.v2', actual: 'cap-manifest.v2' });
    if (isCanonicalJson(bytes, manifest)) checks.ok('manifest.canonical');
    else checks.fail('manifest.canonical', { expected: 'JCS bytes (RFC 8785)', actual: `another spelling (${file})` });
    const fault = commitmentsFault(manifest);
    if (fault)
      checks.fail('manifest.commitments', { expected: fault.expected, actual: `${fault.actual}: ${fault.reason}` });
    else
      checks.ok('manifest.commitments', {
        expected: manifest.company_commitment_root,
        actual: manifest.company_commitment_root,
      });
    manifests.set(file, { file, hash, manifest });
  }
  checkOneCompany([...manifests.values()], checks);
  return manifests;
}

/** meta.units: proofs about several companies would be read as proofs about one. */
function checkOneCompany(manifests: readonly JudgedManifest[], checks: CheckList): void {
  const companies = new Set(manifests.map(({ manifest: { company } }) => JSON.stringify([company.name, company.lei])));
  if (companies.size < 2) return;
  const named = manifests.map(({ file, manifest }) => `${file}: ${companyText(manifest.company) || 'none'}`);
  checks.fail('meta.units', { expected: 'one company in all manifests', actual: named.join('; ') });
}
