import type { ConfigProblem } from './errors.js';
import type { Entries } from './entries.js';

/**
 * Keys of the configuration page that this version can't honour. Ignoring one would promise security or behaviour that is not
 * there, so naming one stops the program, but for the values that ask for nothing.
 */
const UNSUPPORTED: readonly { key: RegExp; asksNothing?: (value: unknown) => boolean; instead: string }[] = [
  { key: /^tls\.mode$/, asksNothing: (value) => value !== 'mtls', instead: 'expected disabled or tls' },
  { key: /^tls\.(client_ca|crl)$/, instead: 'client certificates are not checked' },
  { key: /^rate_limit$/, asksNothing: (value) => value === 'off' || value === false, instead: 'expected off' },
  { key: /^rate_limit\../, asksNothing: (value) => value === false, instead: 'expected rate_limit: off' },
  { key: /^telemetry$/, asksNothing: (value) => value === 'off' || value === false, instead: 'expected off' },
  { key: /^telemetry\../, asksNothing: (value) => value === false, instead: 'expected no telemetry.otlp' },
  {
    key: /^backup\.recipients$/,
    asksNothing: (value) => Array.isArray(value) && value.length === 0,
    instead: 'archives are not encrypted',
  },
  {
    key: /^backup\.target$/,
    asksNothing: (value) => !/^(s3|restic):/.test(String(value)),
    instead: 'expected a directory',
  },
  { key: /^backup\.target\../, instead: 'expected backup.target to be a directory' },
  { key: /^backup\.retention\.keep_/, instead: 'expected backup.retention.days' },
];

const ruleFor = (key: string) => UNSUPPORTED.find((rule) => rule.key.test(key));

/** Whether the key is one that is refused by name, so that it is no unknown key. */
export const isKnownUnsupported = (key: string): boolean => ruleFor(key) !== undefined;

/** Takes what can't be honoured out of the entries and says so. */
export function refuseUnsupported(entries: Entries): ConfigProblem[] {
  const problems: ConfigProblem[] = [];
  for (const [key, { value, source }] of entries) {
    const rule = ruleFor(key);
    if (!rule) continue;
    const fine = rule.asksNothing?.(value) ?? false;
    if (!fine) problems.push({ source, key, expected: `not supported by this version; ${rule.instead}` });
    // `off` is a spelling of the whole section; the schema has only its members.
    if (!fine || !key.includes('.')) entries.delete(key);
  }
  return problems;
}
