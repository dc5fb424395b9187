const MASK = '***';
const SECRET_NAME = /(authorization|password|passphrase|secret|private|token)$/i;
const SECRETS = [
  /\bBearer\s+[^\s"',]+/gi,
  /\beyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]*\.?[A-Za-z0-9_-]*/g,
  /-----BEGIN [A-Z ]*PRIVATE KEY-----[\s\S]*?(-----END [A-Z ]*PRIVATE KEY-----|$)/g,
];

/** Nearly every text contains none of them: one test instead of three replacements. */
const SUSPECT = /bearer|eyJ|PRIVATE KEY/i;

/** Masks bearer tokens, JWTs and private keys inside a text. */
export const redactText = (text: string): string =>
  SUSPECT.test(text) ? SECRETS.reduce((masked, pattern) => masked.replace(pattern, MASK), text) : text;

/** Maximum length of a text, and of an object as JSON: they may contain what an unauthenticated client sent. */
const MAX_TEXT = 2_048;
const MAX_OBJECT = 16_384;
const cut = (text: string, most: number): string => (text.length > most ? `${text.slice(0, most)}…` : text);

/** A message as it may be logged. */
export const redactMessage = (text: string): string => redactText(cut(text, MAX_TEXT));

/** A field's value as it may be logged: errors as message and stack, secrets masked by name and by shape, long values cut. */
export function redactField(name: string, value: unknown): unknown {
  if (SECRET_NAME.test(name)) return MASK;
  if (typeof value === 'string') return redactMessage(value);
  if (value instanceof Error) {
    const cause = value.cause === undefined ? {} : { cause: redactField('cause', value.cause) };
    return { message: redactMessage(value.message), stack: redactText(cut(value.stack ?? '', MAX_OBJECT)), ...cause };
  }
  if (typeof value === 'bigint') return value.toString();
  if (typeof value !== 'object' || value === null) return value;
  const text = JSON.stringify(value);
  return text.length > MAX_OBJECT ? redactText(cut(text, MAX_OBJECT)) : value;
}
