import { Option } from '@commander-js/extra-typings';
import { loadConfig, type LoadedConfig } from '@cap/config';
import type { CliIo } from '../io.js';
import type { BareCommand, OptionsOf } from '../verb.js';

const SERVICES = ['verifier', 'registry', 'backup'] as const;
export type Service = (typeof SERVICES)[number];

export const serviceOption = (description: string) => new Option('--service <name>', description).choices(SERVICES);

export const configOptions = (command: BareCommand) =>
  command
    .option('--config <file>', 'app.yaml; auth.yaml and tls.yaml next to it are read too (default: CAP_CONFIG)')
    .addOption(serviceOption('also check what this service needs'))
    .addHelpText(
      'after',
      '\nThe variables of this shell (CAP_…, TLS_MODE, LOG_LEVEL) have the same effect as for a service.',
    );

/** Loads it as the service itself would. Anything wrong: exit 78 with file, key and what was expected. */
export const loadServiceConfig = (
  io: CliIo,
  { config, service }: Pick<OptionsOf<typeof configOptions>, 'config' | 'service'>,
): LoadedConfig => loadConfig({ role: service ?? 'cli', file: config, environment: io.env });
