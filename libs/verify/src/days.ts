/** Milliseconds. */
export const DAY = 86_400_000;

/** The end of what an as_of (YYYY-MM-DD or RFC 3339) describes, in milliseconds since 1970: a day is described whole. */
export const endOf = (asOf: string): number => Date.parse(asOf) + (asOf.includes('T') ? 0 : DAY);
