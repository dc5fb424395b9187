import { companyListsMaxAgeDays, type CompiledPolicy } from '@cap/policy';
import { finding, type Finding } from './report/findings.js';
import type { Clock } from './clock.js';
import { DAY, endOf } from './days.js';
import type { CheckedManifest } from './manifests.js';
import { CLOCK_TOLERANCE } from './statement.js';

/**
 * lists.company: how old the company's own lists are, by the manifest's as_of. Old ones give facts and a warning; ones of a
 * day to come can't have been read.
 */
export function checkCompanyLists(
  manifests: ReadonlyMap<string, CheckedManifest>,
  policy: CompiledPolicy | null,
  trusted: Date | null,
  clock: Clock,
): Finding[] {
  const days = companyListsMaxAgeDays(policy);
  const particulars = {
    expected: `at most ${days} days old`,
    actual: [...manifests.values()].map(({ file, manifest }) => `${file}: as of ${manifest.as_of}`).join('; '),
  };
  // `expected` and `actual` must not depend on the clock; only the status may.
  return [...manifests.values()].map(({ manifest }) => {
    const start = new Date(Date.parse(manifest.as_of) - CLOCK_TOLERANCE);
    const end = new Date(endOf(manifest.as_of) + days * DAY);
    const status = clock.isBefore(start, trusted) ? 'fail' : clock.isAfter(end, trusted) ? 'warn' : 'ok';
    return finding('lists.company', status, particulars);
  });
}
