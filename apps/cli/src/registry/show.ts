import { CapError } from '@cap/core';
import { printResult } from '../io.js';
import { printable } from '../printable.js';
import { verb } from '../verb.js';
import { registryOptions, withRegistry } from './open-registry.js';

export default verb({
  examples: ['cap registry show 0192… --url http://127.0.0.1:8081'],
  syntax: (command) => registryOptions(command).argument('<entry>'),
  run: async (io, options, id) => {
    const entry = await withRegistry(io, options, (registry) => registry.findEntry(id));
    if (entry === null) throw new CapError('entry.unknown', `no entry ${id}`);
    printResult(io, options, entry, () =>
      Object.entries(entry)
        .map(([name, value]) => `${name.padEnd(15)}${printable(String(value ?? '-'))}`)
        .join('\n'),
    );
  },
});
