import { type CheckList } from '../report/check-list.js';
import { companyRoot, type LegacyManifest } from './manifest.js';
import { type Part } from './parts.js';

/** A manifest that could be read. */
export interface JudgedLegacyManifest {
  file: string;
  bytes: Buffer;
  manifest: LegacyManifest;
}

/** manifest.schema, manifest.commitments. The manifests that could be read, by file name. */
export function checkLegacyManifests(
  parts: Iterable<Part<LegacyManifest>>,
  checks: CheckList,
): Map<string, JudgedLegacyManifest> {
  const judged = new Map<string, JudgedLegacyManifest>();
  for (const part of parts) {
    if (part.value === null) {
      if (part.fault !== null)
        checks.fail('manifest.schema', { expected: 'manifest.v0 or manifest.v1.0', actual: part.fault });
      continue;
    }
    const { file, bytes, value: manifest } = part;
    checks.ok('manifest.schema', { expected: manifest.version, actual: manifest.version });
    const expected = companyRoot(manifest);
    const actual = manifest.company_commitment_root;
    checks.record('manifest.commitments', actual === expected ? 'ok' : 'fail', { expected, actual });
    judged.set(file, { file, bytes, manifest });
  }
  return judged;
}
