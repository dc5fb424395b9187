import { CapError } from '@cap/core';
import { isDigest, streamingBlake3 } from '@cap/crypto';
import { printResult } from '../io.js';
import { streamOutput } from '../output.js';
import { registryOptions, withRegistry } from '../registry/open-registry.js';
import { verb } from '../verb.js';

/** The bytes are hashed as they arrive: the file only appears under its name if they are the ones the id names. */
export default verb({
  examples: ['cap blob get 0x5f0c… --data-dir /var/lib/cap-verifier --out bundle.zip'],
  syntax: (command) => registryOptions(command).argument('<id>').option('--out <file>', 'where it is written', '-'),
  run: async (io, options, id) => {
    if (!isDigest(id))
      throw new CapError('bundle.unknown', `not a BLOB id (0x and 64 lower-case hex digits): ${id.slice(0, 80)}`);
    let size = 0;
    await withRegistry(io, options, async (registry) => {
      const blob = await registry.findBlob(id);
      if (blob === null) throw new CapError('bundle.unknown', `no BLOB ${id}`);
      const hash = await streamingBlake3();
      await streamOutput(io, options.out, async (write) => {
        for await (const chunk of blob as AsyncIterable<Buffer>) {
          hash.update(chunk);
          size += chunk.length;
          await write(chunk);
        }
        const found = hash.digest();
        if (found !== id) throw new CapError('blob.corrupt', `BLOB ${id}: its bytes hash to ${found}`);
      });
    });
    if (options.out === '-') return io.err(`${id}  ${size} bytes\n`);
    printResult(io, options, { blob_id: id, size, file: options.out }, () => options.out);
  },
});
