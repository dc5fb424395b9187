import { Option } from '@commander-js/extra-typings';
import type { EntryQuery } from '@cap/contracts';
import { utcTime } from '../options.js';
import type { BareCommand, OptionsOf } from '../verb.js';
import { registryOptions } from './open-registry.js';

/** Where the registry is, and which of its entries. */
export const entryFilterOptions = (command: BareCommand) =>
  registryOptions(command)
    .option('--policy <hash>', 'only entries of this policy')
    .option('--signer <kid>', 'only entries by this signer')
    .option('--company <text>', 'only entries of this company')
    .addOption(new Option('--result <verdict>', 'only entries with this verdict').choices(['ok', 'warn', 'fail']))
    .option('--from <time>', 'registered at or after', utcTime)
    .option('--to <time>', 'registered before', utcTime);

export type EntryFilter = Pick<EntryQuery, 'policy_hash' | 'signer_kid' | 'company' | 'result' | 'from' | 'to'>;

/** Only the members that were given: an export names them as its filter. */
export function entryFilter(
  options: Pick<OptionsOf<typeof entryFilterOptions>, 'policy' | 'signer' | 'company' | 'result' | 'from' | 'to'>,
): EntryFilter {
  const { policy, signer, company, result, from, to } = options;
  // A malformed hash is refused by whoever is asked.
  const policy_hash = policy?.replace(/^sha3-256:/, '0x') as EntryFilter['policy_hash'];
  return {
    ...(policy_hash !== undefined && { policy_hash }),
    ...(signer !== undefined && { signer_kid: signer }),
    ...(company !== undefined && { company }),
    ...(result !== undefined && { result }),
    ...(from !== undefined && { from }),
    ...(to !== undefined && { to }),
  };
}
