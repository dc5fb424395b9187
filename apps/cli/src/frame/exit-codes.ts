import { type ErrorKind } from '@cap/core';

/** What `cap` ends with: sysexits.h, and the three verdicts of `cap verify` (0, 1, 2). 1 is never an error. */
export const EXIT = {
  ok: 0,
  /** Verdict `warn`, or lints that are only warnings. */
  warn: 1,
  /** Verdict `fail`, or a check verb that found a fault. */
  fault: 2,
  usage: 64,
  input: 65,
  missing: 66,
  unavailable: 69,
  internal: 70,
  cannotCreate: 73,
  io: 74,
  busy: 75,
  forbidden: 77,
  config: 78,
} as const;

export type ExitCode = (typeof EXIT)[keyof typeof EXIT];

export const EXIT_OF_KIND: Record<ErrorKind, ExitCode> = {
  input: EXIT.input,
  missing: EXIT.missing,
  refused: EXIT.fault,
  usage: EXIT.usage,
  conflict: EXIT.input,
  busy: EXIT.busy,
  forbidden: EXIT.forbidden,
  io: EXIT.io,
  'cannot-create': EXIT.cannotCreate,
  unavailable: EXIT.unavailable,
  config: EXIT.config,
};

export const EXIT_OF_VERDICT = { ok: EXIT.ok, warn: EXIT.warn, fail: EXIT.fault } as const;

/**
 * An HTTP answer that is not 2xx: who may not, is 77; what may work later, is 75; what the caller sent wrongly, is 65;
 * a service that does not work, is 69. `code` is the stable code of the problem body.
 */
export function exitOfHttpStatus(status: number, code?: string): ExitCode {
  if (status === 401 || status === 403) return EXIT.forbidden;
  if (status === 429 || status === 503 || code === 'idempotency.in-flight') return EXIT.busy;
  return status >= 400 && status < 500 ? EXIT.input : EXIT.unavailable;
}
