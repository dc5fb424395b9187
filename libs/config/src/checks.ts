import { accessSync, constants } from 'node:fs';
import type { ConfigProblem } from './errors.js';
import { isLoopback, type Role } from './listen.js';
import { type Config, isPostgresUrl, largestBody } from './schema.js';

const isReadable = (file: string): boolean => {
  try {
    accessSync(file, constants.R_OK);
    return true;
  } catch {
    return false;
  }
};

/** Whether an http:// URL leaves this machine. */
function leavesInPlain(url: string): boolean {
  const { protocol, hostname } = new URL(url);
  return protocol === 'http:' && !isLoopback(hostname);
}

/** What one key can't see alone: files that must be there, keys that need or exclude each other, what production refuses. */
export function crossChecks(config: Config, role: Role): { key: string; expected: string }[] {
  const problems: Omit<ConfigProblem, 'source'>[] = [];
  const need = (key: string, expected: string) => problems.push({ key, expected });
  const needFile = (key: string, file: string | undefined) => {
    if (file !== undefined && !isReadable(file)) need(key, `expected a readable file at ${file}`);
  };
  const { tls, oauth, registry } = config;
  const serves = role !== 'cli';

  if (tls.mode === 'tls') {
    for (const name of ['cert', 'key'] as const) {
      if (tls[name] === undefined) need(`tls.${name}`, 'expected a path, because tls.mode is tls');
      needFile(`tls.${name}`, tls[name]);
    }
  } else if (config.environment === 'production' && !tls.allow_plaintext)
    need('tls.mode', 'expected tls, because environment is production (or tls.allow_plaintext: true)');

  if (oauth) {
    const sources = [oauth.public_key_path, oauth.jwks_url].filter((source) => source !== undefined);
    if (sources.length !== 1) need('oauth', 'expected exactly one of public_key_path and jwks_url');
    needFile('oauth.public_key_path', oauth.public_key_path);
    if (oauth.jwks_url !== undefined && leavesInPlain(oauth.jwks_url))
      need('oauth.jwks_url', 'expected https, except on loopback');
  } else if (role === 'verifier') need('oauth', 'expected issuer, audience and public_key_path or jwks_url');

  if ((role === 'verifier' || role === 'backup') && leavesInPlain(registry.url) && !tls.allow_plaintext)
    need('registry.url', 'expected https, except on loopback (or tls.allow_plaintext: true)');
  const { limits } = config;
  if (limits.body_memory_bytes_per_subject < largestBody(limits))
    need('limits.body_memory_bytes_per_subject', `expected ${largestBody(limits)} or more: the largest body must fit`);
  if (limits.body_memory_bytes < limits.body_memory_bytes_per_subject)
    need('limits.body_memory_bytes', 'expected limits.body_memory_bytes_per_subject or more');
  if (limits.uploads_at_once < limits.uploads_per_subject)
    need('limits.uploads_per_subject', 'expected limits.uploads_at_once or less');
  const inBucket = typeof registry.blobs !== 'string';
  if ((role === 'registry' || !serves) && isPostgresUrl(registry.database) !== inBucket)
    need(
      inBucket ? 'registry.database' : 'registry.blobs',
      inBucket
        ? 'expected postgres://USER@HOST:PORT/DATABASE, because registry.blobs is a bucket'
        : 'expected a bucket, because registry.database is PostgreSQL: a directory belongs to one machine',
    );
  if ((role === 'registry' || !serves) && typeof registry.blobs !== 'string') {
    const { endpoint, access_key_id, secret_access_key } = registry.blobs.s3;
    const at = 'registry.blobs.s3';
    if ((access_key_id === undefined) !== (secret_access_key === undefined))
      need(at, 'expected both of access_key_id and secret_access_key, or neither');
    if (endpoint !== undefined && leavesInPlain(endpoint) && !tls.allow_plaintext)
      need(`${at}.endpoint`, 'expected https, except on loopback (or tls.allow_plaintext: true)');
  }
  if (role === 'verifier' || !serves) needFile('verification.trust_file', config.verification.trust_file);
  if (role === 'backup' || !serves) needFile('backup.signing_key', config.backup.signing_key);
  return problems;
}
