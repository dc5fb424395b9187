import { stringify } from 'yaml';
import { leaves } from './entries.js';
import { SECRET_KEYS } from './environment.js';
import type { Config } from './schema.js';

const MASK = '***';

/** Hides user and password of a URL, in its query too. */
const maskUrl = (text: string): string =>
  text
    .replace(/^([a-z][a-z0-9+.-]*:\/\/)[^/?#]*@/i, `$1${MASK}@`)
    .replace(/^([a-z][a-z0-9+.-]*:\/\/.*[?&]\w*password=)[^&#]*/i, `$1${MASK}`);

/** A copy of the configuration in which nothing secret is left. */
export function maskConfig(config: Config): Record<string, unknown> {
  const masked: Record<string, unknown> = structuredClone({ ...config });
  for (const [key, value] of leaves(config)) {
    const names = key.split('.');
    const last = names.pop()!;
    const parent = names.reduce((at, name) => at[name] as Record<string, unknown>, masked);
    if (SECRET_KEYS.test(key) && value !== undefined)
      parent[last] = Array.isArray(value) ? value.map(() => MASK) : MASK;
    else if (typeof value === 'string') parent[last] = maskUrl(value);
  }
  return masked;
}

/** The configuration in effect as YAML, secrets masked. */
export const showConfig = (config: Config): string => stringify(maskConfig(config));
