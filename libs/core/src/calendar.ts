/** A day that exists, YYYY-MM-DD. */
export function isDate(text: string): boolean {
  const match = /^(\d{4})-(\d{2})-(\d{2})$/.exec(text);
  if (!match) return false;
  const [year, month, day] = match.slice(1).map(Number) as [number, number, number];
  const date = new Date(0);
  date.setUTCFullYear(year, month - 1, day);
  return date.getUTCFullYear() === year && date.getUTCMonth() === month - 1 && date.getUTCDate() === day;
}

/** An instant that exists, RFC 3339 UTC with `Z` and up to nine fractional digits. */
export function isInstant(text: string): boolean {
  const match = /^(\d{4}-\d{2}-\d{2})T([01]\d|2[0-3]):[0-5]\d:[0-5]\d(\.\d{1,9})?Z$/.exec(text);
  return match !== null && isDate(match[1]!);
}

/** The latest of some days (YYYY-MM-DD) and instants (RFC 3339 UTC); undefined for none. */
export const newestDay = (days: readonly string[]): string | undefined =>
  days.length === 0 ? undefined : days.reduce((newest, day) => (Date.parse(day) > Date.parse(newest) ? day : newest));
