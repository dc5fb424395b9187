import { Option, type Command } from 'commander';
import { CapError } from '@cap/core';
import { serviceUrl } from './option-values.js';

/** Where a registry is: a running service, or its data directory on this machine. */
export interface RegistryPlace {
  url?: string;
  dataDir?: string;
  tokenFile?: string;
}

export const withPlace = (command: Command): Command =>
  command
    .addOption(new Option('--url <url>', 'the registry service').argParser(serviceUrl).conflicts('dataDir'))
    .option(
      '--data-dir <dir>',
      'its data directory, read beside a running registry (what writes there needs it stopped)',
    )
    .option('--token-file <file>', 'access token (default: CAP_TOKEN, CAP_TOKEN_FILE)');

export function onePlace(place: RegistryPlace): { url: string } | { dataDir: string } {
  if (place.url !== undefined) return { url: place.url };
  if (place.dataDir !== undefined) return { dataDir: place.dataDir };
  throw new CapError('option.missing', 'one of --url and --data-dir is needed');
}
