import type { z } from 'zod';
import { crossChecks } from './checks.js';
import { type Entries, type Entry, setEntry, sourceOf, toDocument } from './entries.js';
import { readEnvironment, typedValue } from './environment.js';
import { ConfigError, type ConfigProblem } from './errors.js';
import { readDocument, readFiles } from './files.js';
import type { FlagValue } from './flags.js';
import { type ListenPlan, planListeners, type Role } from './listen.js';
import { type Config, configSchema, settle } from './schema.js';
import { refuseUnsupported } from './unsupported.js';

export interface LoadInput {
  /** Whose needs are checked; `cli` for programs that do not serve. */
  role: Role;
  /** app.yaml; default CAP_CONFIG, else no file. */
  file?: string | undefined;
  /** What a file would say, for programs that make their own configuration. */
  document?: unknown;
  flags?: readonly FlagValue[];
  /** Default: none, so that a caller says whose environment it means. */
  environment?: NodeJS.ProcessEnv;
}

export interface LoadedConfig {
  readonly config: Config;
  readonly listen: ListenPlan;
  /** What should be said in the log: nothing is wrong, but somebody may have meant something else. */
  readonly warnings: readonly string[];
  /** Where each key was set; a key that is absent has its default. */
  readonly sources: ReadonlyMap<string, string>;
}

/** The dotted key of a zod issue, one for each unknown key. */
function* problemsOf(
  issues: readonly z.core.$ZodIssue[],
  above: readonly PropertyKey[] = [],
): Generator<{ key: string; expected: string }> {
  for (const issue of issues) {
    const path = [...above, ...issue.path];
    const at = path.join('.');
    const section = issue.code === 'invalid_union' ? issue.errors.find(isOfSection) : undefined;
    if (section) yield* problemsOf(section, path);
    else if (issue.code === 'unrecognized_keys')
      for (const name of issue.keys) yield { key: at ? `${at}.${name}` : name, expected: 'unknown key' };
    else yield { key: at, expected: words(issue.message) };
  }
}

/** Whether these are problems of members: of what may be a section or something else, a section was given. */
const isOfSection = (issues: readonly z.core.$ZodIssue[]): boolean =>
  issues.every(({ code, path }) => code === 'unrecognized_keys' || typeof path[0] === 'string');

/** What the schema library says, as an operator would say it. */
const words = (message: string): string =>
  message.replace(/^Invalid input: /, '').replace(/^(expected .+), received undefined$/, '$1, it is not set');

const listenPlan = (config: Config, entries: Entries, role: Role): ListenPlan => {
  const bind: Entry | undefined = entries.get('server.bind');
  const service = role === 'cli' ? 'verifier' : role;
  return planListeners(service, {
    tls: config.tls.mode === 'tls',
    bind: bind && { text: String(bind.value), explicit: bind.rank > 1 },
    own: service === 'verifier' ? undefined : config[service].bind,
    management: config.server.management_bind,
  });
};

/**
 * Files < environment < flags, checked against the schema and against each other.
 * Throws ConfigError with every problem found.
 */
export function loadConfig({ role, file, document, flags = [], environment = {} }: LoadInput): LoadedConfig {
  const problems: ConfigProblem[] = [];
  const entries: Entries = new Map();
  const appFile = file ?? environment['CAP_CONFIG'];
  if (appFile) readFiles(entries, appFile, problems);
  if (document !== undefined) readDocument(entries, document, 'document', problems);
  readEnvironment(entries, environment, problems);
  for (const { flag, key, text } of flags)
    setEntry(entries, key, { value: typedValue(key, text), source: `flag --${flag}`, rank: 3 });

  problems.push(...refuseUnsupported(entries));
  const missing = appFile ?? 'configuration';
  const locate = ({ key, expected }: { key: string; expected: string }): ConfigProblem => ({
    source: sourceOf(entries, key) ?? missing,
    key,
    expected,
  });
  const parsed = configSchema.safeParse(toDocument(entries));
  if (!parsed.success) throw new ConfigError([...problems, ...[...problemsOf(parsed.error.issues)].map(locate)]);
  const config = settle(parsed.data, role);
  problems.push(...crossChecks(config, role).map(locate));
  if (problems.length > 0) throw new ConfigError(problems);

  const warnings: string[] = [];
  if (parsed.data.tls.mode === undefined && role !== 'cli') warnings.push('no TLS mode is set: TLS is disabled');
  const sources = new Map([...entries].map(([key, { source }]) => [key, source]));
  return { config, listen: listenPlan(config, entries, role), warnings, sources };
}
