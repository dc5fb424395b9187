import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { contentOf, DataDirectory } from '../data.fixture.js';
import '../s3/one-realm.fixture.js';
import { S3Double } from '../s3/s3-double.fixture.js';
import { S3Objects } from '../s3/s3-objects.js';
import { DirectorySnapshotFiles, S3SnapshotFiles, type SnapshotFiles } from './snapshot-files.js';

let directory: DataDirectory;
let double: S3Double;
let objects: S3Objects;
beforeEach(async () => {
  directory = await DataDirectory.make();
  double = await S3Double.start({ pageSize: 2 });
  objects = await S3Objects.open({ ...double.place, prefix: 'p/' });
  await mkdir(directory.at('staging'));
});
afterEach(async () => {
  objects.close();
  await double.stop();
  await directory.remove();
});

/** A file in the staging directory, whatever files is tested. */
async function made(text: string): Promise<string> {
  const file = directory.at('staging', '.made.db');
  await writeFile(file, text);
  return file;
}

describe.each<[string, () => SnapshotFiles]>([
  ['files', () => new DirectorySnapshotFiles(directory.at('staging'))],
  ['objects of a bucket', () => new S3SnapshotFiles(objects, directory.at('staging'))],
])('snapshots as %s', (_name, make) => {
  it('takes a file, reads it and parts of it, removes it', async () => {
    const files = make();
    await files.put('a.db', await made('0123456789'));
    expect(await readdir(files.staging)).toEqual(files instanceof S3SnapshotFiles ? [] : ['a.db']);
    expect((await contentOf(await files.read('a.db'))).toString()).toBe('0123456789');
    expect((await contentOf(await files.read('a.db', { first: 3, last: 5 }))).toString()).toBe('345');
    await files.put('a.db', await made('changed'));
    expect((await contentOf(await files.read('a.db'))).toString()).toBe('changed');
    const local = (await files.local('a.db'))!;
    expect(await readFile(local.file, 'utf8')).toBe('changed');
    await local.release();
    expect(await files.local('b.db')).toBeNull();
    await files.remove('a.db');
    await files.remove('a.db');
    expect(await files.read('a.db')).toBeNull();
  });

  it('lists names in order', async () => {
    const files = make();
    expect(await files.list()).toEqual([]);
    for (const name of ['c', 'a', 'b']) await files.put(name, await made(name));
    expect(await files.list()).toEqual(['a', 'b', 'c']);
  });

  it('refuses names that lead elsewhere, and a file that is not there', async () => {
    for (const name of ['', '../a', 'a/b', '.hidden'])
      await expect(make().put(name, await made('x'))).rejects.toMatchObject({ kind: 'input', code: 'request.schema' });
    await expect(make().put('a', directory.at('nowhere'))).rejects.toThrow();
    expect(await make().list()).toEqual([]);
  });
});

it('snapshot files of a directory appear whole: nothing else is left there', async () => {
  const files = new DirectorySnapshotFiles(directory.at('staging'));
  await files.put('a', await made('a'));
  await expect(files.put('b', directory.at('nowhere'))).rejects.toMatchObject({ code: 'storage.failed' });
  expect(await readdir(directory.at('staging'))).toEqual(['a']);
});
