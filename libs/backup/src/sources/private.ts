/**
 * Which saved files contain a secret. Without encryption these are left out, so in doubt a file is private: only kinds of file that
 * can be searched for secrets, and in which none is found, are not.
 */
const READABLE = /\.(ya?ml|json|toml|ini|conf|csv|pem|crt|cer|pub|txt|md)$/i;

const PRIVATE_KEY = /-----BEGIN [A-Z0-9 ]*PRIVATE KEY-----/;
/** The private part of a JSON Web Key. */
const PRIVATE_JWK = /"kty"\s*:[^]*"d"\s*:|"d"\s*:[^]*"kty"\s*:/;
/**
 * `token: abc`, `"db_password": "x"`, `clientSecret = y`: a member whose name ends in a word for a secret, unless its value is
 * empty. `registry.tokens` (hashes) and `…_file` (the path of a secret) do not count.
 */
const SECRET_MEMBER =
  /(token|passw(or)?d|passphrase|secrets?|credentials?|(private|secret|access|api)[_-]?key)["']?[ \t]*[:=][ \t]*(?!""|''|null\b|~)/i;
/**
 * Prose about secrets in a comment does not count; a setting that was commented out (`# password: Zahnfee-1848`) does: a name, and
 * one word that is long enough for a secret.
 */
const COMMENTED = /\.(ya?ml|toml|ini|conf)$/i;
const COMMENT = /(^|[ \t])[#;](?!.*[:=][ \t]*\S{8,}[ \t]*$).*$/gm;
const URL_WITH_PASSWORD = /[a-z][a-z0-9+.-]*:\/\/[^/\s:@]*:[^/\s@]+@/i;

/** `path` as in the archive: `config/app.yaml`. */
export function containsSecret(path: string, content: Uint8Array): boolean {
  if (path.startsWith('keys/') || !READABLE.test(path)) return true;
  const text = Buffer.from(content).toString('latin1');
  const settings = COMMENTED.test(path) ? text.replace(COMMENT, '') : text;
  return (
    [PRIVATE_KEY, PRIVATE_JWK, URL_WITH_PASSWORD].some((pattern) => pattern.test(text)) || SECRET_MEMBER.test(settings)
  );
}
