import { readFileSync } from 'node:fs';
import type { z } from 'zod';
import { systemWords } from '@cap/core/files';
import type { ConfigProblem } from './errors.js';
import { type Entries, setEntry, wholeKey } from './entries.js';
import { configSchema } from './schema.js';
import { isKnownUnsupported } from './unsupported.js';

/** Variables that begin with CAP_ and are no configuration key. */
export const RESERVED_VARIABLES: Readonly<Record<string, string>> = {
  CAP_CONFIG: 'the file of --config',
  CAP_TOKEN: "the access token of cap's calls",
  CAP_TOKEN_FILE: "the file with the access token of cap's calls",
  CAP_KEY_PASSPHRASE: 'the passphrase of a signing key, for cap',
  CAP_KEY_PASSPHRASE_FILE: 'the file with the passphrase of a signing key, for cap',
};

/** Keys whose values are never shown and may be given as a file (`…_FILE`). */
export const SECRET_KEYS = /^registry\.(token|tokens\..+|blobs\.s3\.(access_key_id|secret_access_key))$/;
/** May be given as a file too, since a password can be a part of it. */
const HOLDS_SECRET = 'registry.database';

/** Kubernetes sets CAP_REGISTRY_PORT and the like for a Service named cap-registry; those are no configuration. */
const SERVICE_LINK =
  /^CAP_[A-Z0-9_]+_(SERVICE_(HOST|PORT(_[A-Z0-9_]+)?)|PORT(_\d+_(TCP|UDP|SCTP)(_(PROTO|PORT|ADDR))?)?)$/;

type Kind = 'boolean' | 'number' | 'list' | 'text-or-list' | 'nullable' | 'text';

/** What kind of value a key takes, or null when there is no such key or it is a section. */
function valueKindOf(key: string): Kind | null {
  let schema: z.core.$ZodType | undefined = configSchema;
  let nullable = false;
  const open = () => {
    for (;;) {
      // What a schema is made of; its own class says no more than that it has a type.
      const { def } = (schema as z.core.$ZodTypes)._zod;
      switch (def.type) {
        case 'nullable':
          nullable = true;
          schema = def.innerType;
          break;
        case 'optional':
        case 'default':
        case 'prefault':
          schema = def.innerType;
          break;
        case 'pipe':
          schema = def.in;
          break;
        default:
          return def;
      }
    }
  };
  for (const name of key.split('.')) {
    let def = open();
    if (def.type === 'union') {
      schema = def.options.find((option) => option._zod.def.type === 'object');
      if (!schema) return null;
      def = open();
    }
    if (def.type === 'object') schema = Object.hasOwn(def.shape, name) ? def.shape[name] : undefined;
    else if (def.type === 'record') schema = def.valueType;
    else return null;
    if (!schema) return null;
  }
  const def = open();
  switch (def.type) {
    case 'object':
    case 'record':
      return null;
    case 'boolean':
      return 'boolean';
    case 'number':
      return 'number';
    case 'array':
      return 'list';
    case 'literal':
      return typeof def.values[0] === 'number' ? 'number' : 'boolean';
    case 'union':
      return def.options.some((option) => option._zod.def.type === 'array') ? 'text-or-list' : 'text';
    default:
      return nullable ? 'nullable' : 'text';
  }
}

const list = (text: string) => (text === '' ? [] : text.split(',').map((part) => part.trim()));

/** A variable's text as the value its key takes; what does not fit stays text, and the schema says what was expected. */
function typed(text: string, kind: Kind | null): unknown {
  if (kind === 'boolean' && /^(true|false)$/.test(text)) return text === 'true';
  if (kind === 'number' && /^-?\d+(\.\d+)?$/.test(text)) return Number(text);
  if (kind === 'list') return list(text);
  if (kind === 'text-or-list' && text.includes(',')) return list(text);
  if (kind === 'nullable' && text === '') return null;
  return text;
}

/** The value that the environment or a flag gives as text. */
export const typedValue = (key: string, text: string): unknown => typed(text, valueKindOf(key));

/** Names that were there before CAP_A__B, weaker first. */
const ALIASES: readonly [variable: string, key: string][] = [
  ['RUST_LOG', 'server.log_level'],
  ['LOG_LEVEL', 'server.log_level'],
  ['TLS_MODE', 'tls.mode'],
];

/** The secret key that `…_file` holds, or null. Any name may stand below registry.tokens, so this is asked first. */
function secretOfFile(key: string): string | null {
  const secret = key.endsWith('_file') ? key.slice(0, -'_file'.length) : '';
  return (SECRET_KEYS.test(secret) || secret === HOLDS_SECRET) && valueKindOf(secret) !== null ? secret : null;
}

/** Adds what the environment says: TLS_MODE, LOG_LEVEL or RUST_LOG, CAP_A__B for key a.b, CAP_A__B_FILE for a secret a.b. */
export function readEnvironment(entries: Entries, environment: NodeJS.ProcessEnv, problems: ConfigProblem[]): void {
  for (const [variable, key] of ALIASES) {
    const text = environment[variable];
    if (text) setEntry(entries, key, { value: text, source: `environment variable ${variable}`, rank: 2 });
  }
  for (const [variable, text] of Object.entries(environment)) {
    if (
      !variable.startsWith('CAP_') ||
      text === undefined ||
      variable in RESERVED_VARIABLES ||
      SERVICE_LINK.test(variable)
    )
      continue;
    const source = `environment variable ${variable}`;
    const key = wholeKey(variable.slice('CAP_'.length).toLowerCase().replaceAll('__', '.'));
    const secret = secretOfFile(key);
    const kind = secret === null ? valueKindOf(key) : null;
    if (kind !== null || isKnownUnsupported(key)) {
      setEntry(entries, key, { value: typed(text, kind), source, rank: 2 });
      continue;
    }
    if (secret === null) {
      problems.push({ source, key, expected: 'unknown key' });
      continue;
    }
    if (environment[variable.slice(0, -'_FILE'.length)] !== undefined) {
      problems.push({ source, key: secret, expected: `expected either ${variable} or the same name without _FILE` });
      continue;
    }
    try {
      const content = readFileSync(text, 'utf8').replace(/\r?\n$/, '');
      setEntry(entries, secret, { value: typed(content, valueKindOf(secret)), source: `${source} (${text})`, rank: 2 });
    } catch (error) {
      problems.push({
        source,
        key: secret,
        expected: `expected a readable file at ${text} (${systemWords(error)})`,
      });
    }
  }
}
