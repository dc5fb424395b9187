import { Option } from '@commander-js/extra-typings';
import { CapError } from '@cap/core';
import { printResult, type CliIo } from '../io.js';
import { verb } from '../verb.js';
import { registryOptions, withRegistry } from './open-registry.js';

/** Nothing brings a bundle back: the verb names it and asks for the word `erase`, unless --yes is given. */
export default verb({
  examples: ['cap registry erase 0x5f0c… --url http://127.0.0.1:8081'],
  syntax: (command) =>
    registryOptions(command)
      .argument('<id>')
      .addOption(
        new Option('--reason <reason>', 'what the log says')
          .choices(['personal-data', 'retention'])
          .default('personal-data'),
      )
      .option('--yes', 'do not ask'),
  run: async (io, options, id) => {
    if (!options.yes) await confirm(io, id);
    const erased = await withRegistry(io, options, (registry) => registry.eraseBundle(id, options.reason));
    printResult(
      io,
      options,
      erased,
      () =>
        `${erased.bundle_id}  erased at ${erased.erased_at}; ${erased.entries} entries and their proofs stay. Backups hold it until they age out`,
    );
  },
});

async function confirm(io: CliIo, id: string): Promise<void> {
  io.err(
    `This permanently removes the bundle of ${id}, and the company that its entries name. Type erase to continue: `,
  );
  let typed = '';
  for await (const chunk of io.stdin) {
    typed += Buffer.from(chunk).toString('utf8');
    if (typed.includes('\n')) break;
  }
  if (typed.trim() !== 'erase')
    throw new CapError('erase.unconfirmed', 'nothing was erased: type erase, or give --yes');
}
