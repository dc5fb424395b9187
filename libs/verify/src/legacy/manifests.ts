import { type CheckResult, fail, finding, type Finding, ok } from '../report/findings.js';
import { companyRoot, type LegacyManifest } from './manifest.js';
import type { Part } from './parts.js';

/** A manifest that could be read. */
export interface CheckedLegacyManifest {
  file: string;
  bytes: Buffer;
  manifest: LegacyManifest;
}

/** manifest.schema, manifest.commitments. The manifests that could be read, by file name. */
export function checkLegacyManifests(
  parts: readonly Part<LegacyManifest>[],
): CheckResult<Map<string, CheckedLegacyManifest>> {
  const checked = new Map<string, CheckedLegacyManifest>();
  const findings: Finding[] = [];
  for (const part of parts) {
    if (part.value === null) {
      if (part.fault !== null)
        findings.push(fail('manifest.schema', { expected: 'manifest.v0 or manifest.v1.0', actual: part.fault }));
      continue;
    }
    const { file, bytes, value: manifest } = part;
    const expected = companyRoot(manifest);
    const actual = manifest.company_commitment_root;
    findings.push(
      ok('manifest.schema', { expected: manifest.version, actual: manifest.version }),
      finding('manifest.commitments', actual === expected ? 'ok' : 'fail', { expected, actual }),
    );
    checked.set(file, { file, bytes, manifest });
  }
  return { value: checked, findings };
}
