import { loadConfig, maskConfig, readTlsPair, showConfig, type LoadedConfig } from '@cap/config';
import { printResult, type CliIo } from '../frame/io.js';

interface Options {
  config?: string;
  service?: 'verifier' | 'registry' | 'backup';
  json?: boolean;
}

/** As the service itself would load it. Anything wrong: exit 78 with file, key and what was expected. */
function load(io: CliIo, { config, service }: Options): LoadedConfig {
  return loadConfig({ role: service ?? 'cli', file: config, environment: io.env });
}

export async function check(io: CliIo, options: Options): Promise<void> {
  const { config, warnings } = load(io, options);
  readTlsPair(config);
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
