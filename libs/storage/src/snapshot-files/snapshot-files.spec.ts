import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { readdir, writeFile } from 'node:fs/promises';
import { contentOf, DataDirectory } from '../data.fixture.js';
import '../s3/one-realm.fixture.js';
import { S3Double } from '../s3/s3-double.fixture.js';
import { S3Objects } from '../s3/s3-objects.js';
import { DirectorySnapshotFiles, S3SnapshotFiles, type SnapshotFiles } from './snapshot-files.js';

let directory: DataDirectory;
let double: S3Double;
let objects: S3Objects;
let local: string;
beforeEach(async () => {
  directory = await DataDirectory.make();
  double = await S3Double.start({ pageSize: 2 });
  objects = await S3Objects.open({ ...double.place, prefix: 'p/' });
  local = directory.at('local.db');
  await writeFile(local, '0123456789');
});
afterEach(async () => {
  objects.close();
  await double.stop();
  await directory.remove();
});

describe.each<[string, () => SnapshotFiles]>([
  ['files', () => new DirectorySnapshotFiles(directory.at('snapshots'))],
  ['objects of a bucket', () => new S3SnapshotFiles(objects)],
])('snapshots as %s', (_name, make) => {
  it('copies a file, reads it and parts of it, removes it', async () => {
    const files = make();
    await files.put('a.db', local);
    await writeFile(local, 'changed');
    expect((await contentOf(await files.read('a.db'))).toString()).toBe('0123456789');
    expect((await contentOf(await files.read('a.db', { first: 3, last: 5 }))).toString()).toBe('345');
    await files.put('a.db', local);
    expect((await contentOf(await files.read('a.db'))).toString()).toBe('changed');
    await files.remove('a.db');
    await files.remove('a.db');
    expect(await files.read('a.db')).toBeNull();
  });

  it('lists names in order', async () => {
    const files = make();
    expect(await files.list()).toEqual([]);
    for (const name of ['c', 'a', 'b']) await files.put(name, local);
    expect(await files.list()).toEqual(['a', 'b', 'c']);
  });

  it('refuses names that lead elsewhere, and a file that is not there', async () => {
    for (const name of ['', '../a', 'a/b', '.hidden'])
      await expect(make().put(name, local)).rejects.toMatchObject({ kind: 'input', code: 'request.schema' });
    await expect(make().put('a', directory.at('nowhere'))).rejects.toThrow();
    expect(await make().list()).toEqual([]);
  });
});

it('snapshot files of a directory appear whole: nothing else is left there', async () => {
  const files = new DirectorySnapshotFiles(directory.at('snapshots'));
  await files.put('a', local);
  await expect(files.put('b', directory.at('nowhere'))).rejects.toMatchObject({ code: 'storage.failed' });
  expect(await readdir(directory.at('snapshots'))).toEqual(['a']);
});
