import { loadConfig, maskConfig, showConfig, type LoadedConfig } from '@cap/config';
import { printResult, type CliIo } from '../frame/io.js';

interface Options {
  config?: string;
  service?: 'verifier' | 'registry' | 'backup';
  json?: boolean;
}

/** Variables of `cap` itself; a service would call them unknown keys. */
export const OWN_VARIABLES = new Set(['CAP_TOKEN', 'CAP_TOKEN_FILE', 'CAP_KEY_PASSPHRASE', 'CAP_KEY_PASSPHRASE_FILE']);

/** As the service itself would load it. Anything wrong: exit 78 with file, key and what was expected. */
function load(io: CliIo, { config, service }: Options): LoadedConfig {
  const environment = Object.fromEntries(Object.entries(io.env).filter(([name]) => !OWN_VARIABLES.has(name)));
  return loadConfig({ role: service ?? 'cli', file: config, environment });
}

export async function check(io: CliIo, options: Options): Promise<void> {
  const { warnings } = load(io, options);
  printResult(io, options, { ok: true, warnings }, () => 'ok');
  if (!options.json) for (const warning of warnings) io.err(`warning: ${warning}\n`);
}

export async function show(io: CliIo, options: Options): Promise<void> {
  const { config, warnings, sources } = load(io, options);
  printResult(io, options, { config: maskConfig(config), sources: Object.fromEntries(sources) }, () =>
    showConfig(config),
  );
  for (const warning of warnings) io.err(`warning: ${warning}\n`);
}
