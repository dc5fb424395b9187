import { expect, it } from '@jest/globals';
import { execFile } from 'node:child_process';
import path from 'node:path';
import { promisify } from 'node:util';

it('the SDK is loaded with the first bucket, not with the library', async () => {
  const here = import.meta.dirname;
  const program = `
    const { S3Objects } = await import(${JSON.stringify(path.join(here, '../index.ts'))});
    const { createRequire } = await import('node:module');
    const loaded = () => Object.keys(createRequire(${JSON.stringify(import.meta.url)}).cache).some((file) => file.includes('client-s3'));
    const before = loaded();
    await S3Objects.open({ bucket: 'bucket', region: 'region' });
    console.log(JSON.stringify([before, loaded()]));
  `;
  const { stdout } = await promisify(execFile)(process.execPath, [
    ...['--import', path.join(here, '../sources.fixture.mjs')],
    ...['--input-type=module', '--eval', program],
  ]);
  expect(JSON.parse(stdout)).toEqual([false, true]);
});
