const MASK = '***';
const SECRET_NAME = /(authorization|password|passphrase|secret|private|token)$/i;
const SECRETS = [
  /\bBearer\s+[^\s"',]+/gi,
  /\beyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]*\.?[A-Za-z0-9_-]*/g,
  /-----BEGIN [A-Z ]*PRIVATE KEY-----[\s\S]*?(-----END [A-Z ]*PRIVATE KEY-----|$)/g,
];

/** Nearly every text has none of them: one look instead of three replacements. */
const SUSPECT = /bearer|eyJ|PRIVATE KEY/i;

/** Masks bearer tokens, JWTs and private keys inside a text. */
export const redactText = (text: string): string =>
  SUSPECT.test(text) ? SECRETS.reduce((masked, pattern) => masked.replace(pattern, MASK), text) : text;

/** A field's value as it may be logged: errors as message and stack, secrets masked by name and by shape. */
export function redactField(name: string, value: unknown): unknown {
  if (SECRET_NAME.test(name)) return MASK;
  if (typeof value === 'string') return redactText(value);
  if (value instanceof Error) {
    const cause = value.cause === undefined ? {} : { cause: redactField('cause', value.cause) };
    return { message: redactText(value.message), stack: redactText(value.stack ?? ''), ...cause };
  }
  if (typeof value === 'bigint') return value.toString();
  return value;
}
