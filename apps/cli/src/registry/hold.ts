import { printResult, type CliIo } from '../io.js';
import { verb } from '../verb.js';
import { registryOptions, withRegistry, type RegistryAddress } from './open-registry.js';

export default verb({
  examples: ['cap registry hold 0x5f0c… --url http://127.0.0.1:8081'],
  syntax: (command) => registryOptions(command).argument('<id>'),
  run: (io, options, id) => setHold(io, options, id, true),
});

/** Sets or ends the legal hold of an entry, or of all entries of a bundle. */
export async function setHold(
  io: CliIo,
  options: RegistryAddress & { json?: true },
  id: string,
  held: boolean,
): Promise<void> {
  const { items } = await withRegistry(io, options, (registry) => registry.setHold(id, held));
  printResult(io, options, { items }, () =>
    items.map(({ entry_id }) => `${entry_id}  ${held ? 'under legal hold' : 'not on hold'}`).join('\n'),
  );
}
