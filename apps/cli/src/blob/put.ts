import { Readable } from 'node:stream';
import { openInput } from '../input.js';
import { printResult } from '../io.js';
import { registryOptions, withRegistry } from '../registry/open-registry.js';
import { verb } from '../verb.js';

export default verb({
  examples: ['cap blob put bundle.zip --url http://127.0.0.1:8081'],
  syntax: (command) => registryOptions(command).argument('<file>'),
  run: async (io, options, file) => {
    const input = await openInput(io, file);
    const record = await withRegistry(io, options, (registry) => registry.putBlob(Readable.from(input)));
    printResult(io, options, record, () => record.blob_id);
  },
});
