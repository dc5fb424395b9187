/** Maximum size of a policy in bytes, as text and as the canonical JSON it is parsed to, whatever form it comes in. */
export const MAX_POLICY_BYTES = 1_000_000;
/** Members and items of a policy at most, all depths together; about 10 000 rules. */
export const MAX_POLICY_MEMBERS = 50_000;
/** Maximum length of `id@version`, which is part of paths. */
export const MAX_POLICY_ID = 300;

/** Findings that are listed at most; of more the rest is counted. */
const MAX_FINDINGS = 100;
const MAX_TEXT = 300;

/** What somebody else wrote, where a sentence quotes it. */
export const quoted = (text: string): string =>
  text.length <= MAX_TEXT ? text : `${text.slice(0, MAX_TEXT).toWellFormed()}…`;

/** The first of many, and how many are left. */
export function firstOf<T>(found: readonly T[]): { shown: T[]; left: number } {
  const shown = found.slice(0, MAX_FINDINGS);
  return { shown, left: found.length - shown.length };
}

/** A few names of many, for a sentence. */
export function namesOf(names: readonly string[], most = 5): string {
  const shown = names.slice(0, most).map(quoted).join(', ');
  return names.length > most ? `${shown} and ${names.length - most} more` : shown;
}
