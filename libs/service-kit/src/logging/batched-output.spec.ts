import { expect, it } from '@jest/globals';
import { spawnSync } from 'node:child_process';
import { Writable } from 'node:stream';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { BatchedOutput } from './batched-output.js';

it('writes the lines of one turn at once, in order', async () => {
  const writes: string[] = [];
  const output = new Writable({
    write(chunk: Buffer, _encoding, done) {
      writes.push(chunk.toString());
      done();
    },
  });
  const batched = new BatchedOutput(output);
  batched.write('one\n');
  batched.write('two\n');
  expect(writes).toEqual([]);
  await nextTurn();
  batched.write('three\n');
  await nextTurn();
  expect(writes).toEqual(['one\ntwo\n', 'three\n']);
});

it('loses nothing when the process exits', () => {
  const source = new URL('./batched-output.ts', import.meta.url).href;
  const script = `const { BatchedOutput } = await import('${source}'); new BatchedOutput(process.stdout).write('last words\\n'); process.exit(70);`;
  const { status, stdout } = spawnSync(
    process.execPath,
    ['--input-type=module', '--experimental-transform-types', '-e', script],
    { encoding: 'utf8' },
  );
  expect([status, stdout]).toEqual([70, 'last words\n']);
});
