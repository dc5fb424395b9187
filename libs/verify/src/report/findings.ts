import type { Bundle } from '@cap/proof/bundle';
import { CHECK_IDS, type CheckId, type CheckStatus } from './checks.js';
import { messageOf } from './messages.js';
import type { Check } from './report.js';

export interface ExpectedActual {
  expected?: string | null;
  actual?: string | null;
}

/** What one check found, about the whole bundle or a part of it. */
export interface Finding extends ExpectedActual {
  id: CheckId;
  status: Exclude<CheckStatus, 'skipped'>;
}

/** What checks found, and what they established for those that follow. */
export interface CheckResult<T> {
  value: T;
  findings: readonly Finding[];
}

export const finding = (id: CheckId, status: Finding['status'], particulars: ExpectedActual): Finding => ({
  id,
  status,
  ...particulars,
});
export const ok = (id: CheckId, particulars: ExpectedActual = {}): Finding => finding(id, 'ok', particulars);
export const warn = (id: CheckId, particulars: ExpectedActual): Finding => finding(id, 'warn', particulars);
export const fail = (id: CheckId, particulars: ExpectedActual): Finding => finding(id, 'fail', particulars);

/** Collects what the checks of one verification return. */
export class Findings {
  readonly all: Finding[] = [];

  add(findings: readonly Finding[]): void {
    this.all.push(...findings);
  }

  /** Adds the findings and passes the value on. */
  take<T>({ value, findings }: CheckResult<T>): T {
    this.add(findings);
    return value;
  }
}

const SEVERITY: Record<CheckStatus, number> = { skipped: 0, ok: 1, warn: 2, fail: 3 };
/** Texts come from the bundle, so they are truncated. */
const MAX_TEXT = 1_000;

/**
 * Every check once, in pipeline order. What nothing was found about is skipped; of several findings of one check (one for
 * each proof unit, say) the worst counts, the first among equals.
 */
export function checksOf(findings: readonly Finding[], generation: Bundle['generation'] = 'current'): Check[] {
  const worst = new Map<CheckId, Finding>();
  for (const found of findings) {
    const before = worst.get(found.id);
    if (!before || SEVERITY[found.status] > SEVERITY[before.status]) worst.set(found.id, found);
  }
  return CHECK_IDS.map((id) => {
    const { status, expected = null, actual = null } = worst.get(id) ?? { status: 'skipped' as const };
    const message = messageOf(id, status, generation);
    return { id, status, expected: bounded(expected), actual: bounded(actual), message };
  });
}

/** JCS refuses lone surrogates, so cutting must not make one either. */
const bounded = (text: string | null): string | null =>
  text === null ? null : text.length <= MAX_TEXT ? text.toWellFormed() : `${text.slice(0, MAX_TEXT).toWellFormed()}…`;
