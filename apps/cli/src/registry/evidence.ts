import { type ErasureReason } from '@cap/contracts';
import { CapError } from '@cap/core';
import { type CliIo, printResult, table } from '../frame/io.js';
import { type RegistryPlace } from '../frame/place-options.js';
import { withOperations } from './operations.js';

interface Options extends RegistryPlace {
  json?: boolean;
}

export const hold = (io: CliIo, options: Options, id: string) => setHold(io, options, id, true);
export const release = (io: CliIo, options: Options, id: string) => setHold(io, options, id, false);

async function setHold(io: CliIo, options: Options, id: string, held: boolean): Promise<void> {
  const { items } = await withOperations(io, options, (registry) => registry.setHold(id, held));
  printResult(io, options, { items }, () =>
    items.map(({ entry_id }) => `${entry_id}  ${held ? 'under legal hold' : 'not held'}`).join('\n'),
  );
}

/** Nothing brings a bundle back: what is about to go is named, and the word `erase` asked for, unless --yes says it. */
export async function erase(
  io: CliIo,
  options: Options & { reason: ErasureReason; yes?: boolean },
  id: string,
): Promise<void> {
  if (options.yes !== true) await confirm(io, id);
  const erased = await withOperations(io, options, (registry) => registry.erase(id, options.reason));
  printResult(
    io,
    options,
    erased,
    () =>
      `${erased.bundle_id}  erased at ${erased.erased_at}; ${erased.entries} entries and their proofs stay. Backups hold it until they age out`,
  );
}

async function confirm(io: CliIo, id: string): Promise<void> {
  io.err(`This removes the bundle of ${id} for good, and the company that its entries name. Type erase to go on: `);
  let typed = '';
  for await (const chunk of io.stdin) {
    typed += Buffer.from(chunk).toString('utf8');
    if (typed.includes('\n')) break;
  }
  if (typed.trim() !== 'erase')
    throw new CapError('erase.unconfirmed', 'nothing was erased: type erase, or give --yes');
}

export async function retention(io: CliIo, options: Options & { years?: number; dryRun?: boolean }): Promise<void> {
  const request = { years: options.years, dry_run: options.dryRun === true };
  const retired = await withOperations(io, options, (registry) => registry.applyRetention(request));
  printResult(io, options, retired, () =>
    retired.bundles.length === 0
      ? `nothing is older than ${retired.before} and not held`
      : table(
          ['registered at', options.dryRun ? 'would be erased' : 'erased'],
          retired.bundles.map(({ registered_at, bundle_id }) => [registered_at, bundle_id]),
        ),
  );
  if (retired.more) io.err('There is more: run it again.\n');
}
