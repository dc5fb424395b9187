import { type Bundle } from '@cap/proof';
import { CHECK_IDS, type CheckId, type CheckStatus } from './checks.js';
import { messageOf } from './messages.js';
import { type Check } from './report.js';

export interface Particulars {
  expected?: string | null;
  actual?: string | null;
}

const SEVERITY: Record<CheckStatus, number> = { skipped: 0, ok: 1, warn: 2, fail: 3 };
/** Texts come from the bundle: a report must not grow with them. */
const MAX_TEXT = 1_000;

/**
 * The checks of one verification. What is never recorded is skipped; of several records of one check (one for each proof
 * unit, say) the worst counts, the first among equals.
 */
export class CheckList {
  constructor(private readonly generation: Bundle['generation'] = 'current') {}

  private readonly recorded = new Map<CheckId, { status: CheckStatus } & Particulars>();

  ok(id: CheckId, particulars: Particulars = {}): void {
    this.record(id, 'ok', particulars);
  }
  warn(id: CheckId, particulars: Particulars): void {
    this.record(id, 'warn', particulars);
  }
  fail(id: CheckId, particulars: Particulars): void {
    this.record(id, 'fail', particulars);
  }

  record(id: CheckId, status: CheckStatus, particulars: Particulars): void {
    const before = this.recorded.get(id);
    if (!before || SEVERITY[status] > SEVERITY[before.status]) this.recorded.set(id, { status, ...particulars });
  }

  /** Every check once, in pipeline order. */
  all(): Check[] {
    return CHECK_IDS.map((id) => {
      const { status, expected = null, actual = null } = this.recorded.get(id) ?? { status: 'skipped' as const };
      const message = messageOf(id, status, this.generation);
      return { id, status, expected: bounded(expected), actual: bounded(actual), message };
    });
  }
}

/** JCS refuses lone surrogates, so cutting must not make one either. */
const bounded = (text: string | null): string | null =>
  text === null ? null : text.length <= MAX_TEXT ? text.toWellFormed() : `${text.slice(0, MAX_TEXT).toWellFormed()}…`;
