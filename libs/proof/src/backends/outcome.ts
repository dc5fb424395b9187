/** The outcome of one step of a verification: ok, or why not, with what was expected and found. */
export type StepOutcome = { ok: true } | { ok: false; expected: string; actual: string; reason: string };

export const OK: StepOutcome = { ok: true };

export const fault = (reason: string, expected: string, actual: string): StepOutcome => ({
  ok: false,
  expected,
  actual,
  reason,
});
