import { parseArgs } from 'node:util';
import { CapError } from '@cap/core';

/** The flags of every service. */
const OPTIONS = {
  config: { type: 'string' },
  bind: { type: 'string' },
  'management-bind': { type: 'string' },
  tls: { type: 'boolean' },
  'tls-cert': { type: 'string' },
  'tls-key': { type: 'string' },
  mtls: { type: 'boolean' },
  'client-ca': { type: 'string' },
  'log-level': { type: 'string' },
  workers: { type: 'string' },
  version: { type: 'boolean' },
  help: { type: 'boolean', short: 'h' },
  wait: { type: 'boolean' },
} as const;

const KEYS: Readonly<Record<string, string>> = {
  bind: 'server.bind',
  'management-bind': 'server.management_bind',
  'tls-cert': 'tls.cert',
  'tls-key': 'tls.key',
  'client-ca': 'tls.client_ca',
  'log-level': 'server.log_level',
  workers: 'server.workers',
};

/** A flag that sets a configuration key. */
export interface FlagValue {
  readonly flag: string;
  readonly key: string;
  readonly text: string;
}

export interface ServiceCommandLine {
  readonly version: boolean;
  readonly help: boolean;
  /** `health`, a command of the service itself, or undefined: serve. */
  readonly command: string | undefined;
  /** `health --wait` */
  readonly wait: boolean;
  readonly config: string | undefined;
  readonly flags: readonly FlagValue[];
}

/** Parses a service's arguments; CapError for a flag or command that it does not have. */
export function parseServiceFlags(
  args: readonly string[],
  commands: readonly string[] = ['health'],
): ServiceCommandLine {
  let parsed;
  try {
    parsed = parseArgs({ args: [...args], options: OPTIONS, allowPositionals: true, strict: true });
  } catch (error) {
    throw new CapError('usage', (error as Error).message.split('. ')[0]!);
  }
  const { values, positionals } = parsed;
  const [command, surplus] = positionals;
  if (command !== undefined && !commands.includes(command)) throw new CapError('usage', `Unknown command '${command}'`);
  if (surplus !== undefined) throw new CapError('usage', `Unexpected argument '${surplus}'`);
  if (values.wait && command !== 'health') throw new CapError('usage', "'--wait' belongs to the command health");
  if (values.tls && values.mtls) throw new CapError('usage', "'--tls' and '--mtls' exclude each other");
  const flags: FlagValue[] = [];
  for (const [flag, key] of Object.entries(KEYS)) {
    const text = values[flag as keyof typeof values];
    if (typeof text === 'string') flags.push({ flag, key, text });
  }
  if (values.tls) flags.push({ flag: 'tls', key: 'tls.mode', text: 'tls' });
  if (values.mtls) flags.push({ flag: 'mtls', key: 'tls.mode', text: 'mtls' });
  return {
    version: values.version ?? false,
    help: values.help ?? false,
    command,
    wait: values.wait ?? false,
    config: values.config,
    flags,
  };
}

/** The help text's part that every service shares. */
export const SERVICE_FLAGS_HELP = `Flags:
  --config FILE            app.yaml; auth.yaml and tls.yaml beside it are read too (or CAP_CONFIG)
  --bind HOST:PORT         the API's listener
  --management-bind H:P    the listener of /healthz, /readyz and /metrics, always plain HTTP
  --tls                    serve the API over TLS (TLS_MODE=tls)
  --tls-cert FILE          certificate chain, PEM
  --tls-key FILE           private key, PEM
  --mtls                   ask for client certificates (not supported by this version: exit 78)
  --client-ca FILE         authorities of client certificates (not supported by this version: exit 78)
  --log-level SPEC         error, warn, info, debug, trace, or module=level,… (LOG_LEVEL, RUST_LOG)
  --workers N              threads that verify zero-knowledge proofs (default: one for each core; 0: the main thread)
  --version                print the version
  -h, --help               print this

Every configuration key is also an environment variable: server.log_level is CAP_SERVER__LOG_LEVEL, lists are separated
by commas, and CAP_REGISTRY__TOKEN_FILE names a file that holds the secret. Flags win over variables, variables over files.
SIGHUP reads certificates, keys, client tokens, log level and trust store again; SIGTERM ends after the running requests.

Exit codes: 0 ended, 64 usage, 69 not ready (health), 70 internal error, 75 busy, 78 configuration.`;
