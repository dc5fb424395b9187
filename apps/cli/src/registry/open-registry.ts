import { CapError } from '@cap/core';
import { Option } from '@commander-js/extra-typings';
import type { CliIo } from '../io.js';
import { serviceUrl } from '../options.js';
import { connection, type ServiceAddress } from '../service.js';
import type { BareCommand } from '../verb.js';
import type { Registry } from './registry.js';

/** What the options say about where the registry is. */
export interface RegistryAddress extends Partial<ServiceAddress> {
  dataDir?: string | undefined;
}

export const registryOptions = (command: BareCommand) =>
  command
    .addOption(new Option('--url <url>', 'the registry service').argParser(serviceUrl).conflicts('dataDir'))
    .option('--data-dir <dir>', 'its data directory; verbs that write need the registry stopped')
    .option('--token-file <file>', 'access token (default: CAP_TOKEN, CAP_TOKEN_FILE)');

async function openRegistry(io: CliIo, { url, dataDir, tokenFile }: RegistryAddress): Promise<Registry> {
  if (url !== undefined) {
    const { HttpRegistry } = await import('./http-registry.js');
    return new HttpRegistry(await connection(io, { url, tokenFile }));
  }
  if (dataDir === undefined) throw new CapError('option.missing', 'one of --url and --data-dir is required');
  const { DirectoryRegistry } = await import('./directory-registry.js');
  return DirectoryRegistry.open(dataDir);
}

/** Opens the registry, works with it and closes it. */
export async function withRegistry<T>(
  io: CliIo,
  address: RegistryAddress,
  work: (registry: Registry) => Promise<T>,
): Promise<T> {
  const registry = await openRegistry(io, address);
  try {
    return await work(registry);
  } finally {
    await registry.close();
  }
}
