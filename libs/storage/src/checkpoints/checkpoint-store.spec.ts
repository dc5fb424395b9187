import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { readdir, stat, writeFile } from 'node:fs/promises';
import { DataDirectory } from '../data.fixture.js';
import '../s3/one-realm.fixture.js';
import { S3Double } from '../s3/s3-double.fixture.js';
import { S3Objects } from '../s3/s3-objects.js';
import type { CheckpointStore } from '../stores.js';
import { FileCheckpointStore } from './file-checkpoint-store.js';
import { S3CheckpointStore } from './s3-checkpoint-store.js';

let directory: DataDirectory;
let double: S3Double;
let objects: S3Objects;
beforeEach(async () => {
  directory = await DataDirectory.make();
  double = await S3Double.start({ pageSize: 2 });
  objects = await S3Objects.open({ ...double.place, prefix: 'p/' });
});
afterEach(async () => {
  objects.close();
  await double.stop();
  await directory.remove();
});

describe.each<[string, () => CheckpointStore]>([
  ['files', () => new FileCheckpointStore(directory.at('data', 'checkpoints'))],
  ['objects of a bucket', () => new S3CheckpointStore(objects)],
])('checkpoints as %s', (_name, make) => {
  it('has none at first', async () => {
    expect(await make().read(1)).toBeNull();
    expect(await make().epochs()).toEqual([]);
  });

  it('keeps the newest note of each epoch', async () => {
    const note = 'cap-registry.local/log/1\n7\nhash=\n\n— ü sig\n';
    for (const epoch of [10, 1, 2]) await make().write(epoch, `old ${epoch}`);
    await make().write(1, note);
    expect(await make().read(1)).toBe(note);
    expect(await make().read(10)).toBe('old 10');
    expect(await make().read(3)).toBeNull();
    expect(await make().epochs()).toEqual([1, 2, 10]);
  });
});

describe('checkpoint files', () => {
  it('are <directory>/<epoch>, replaced whole; other names are left alone', async () => {
    const store = new FileCheckpointStore(directory.at('checkpoints'));
    await store.write(3, 'a note');
    await writeFile(directory.at('checkpoints', '01'), '');
    await writeFile(directory.at('checkpoints', '.tmp-0011223344556677'), '');
    const { ino } = await stat(directory.at('checkpoints', '3'));
    await store.write(3, 'another');
    expect((await stat(directory.at('checkpoints', '3'))).ino).not.toBe(ino);
    expect(await store.epochs()).toEqual([3]);
    expect((await readdir(directory.at('checkpoints'))).sort()).toEqual(['.tmp-0011223344556677', '01', '3']);
  });

  it('give the error of a directory that can not be written', async () => {
    await writeFile(directory.at('file'), '');
    const store = new FileCheckpointStore(directory.at('file', 'checkpoints'));
    await expect(store.write(1, 'x')).rejects.toMatchObject({ kind: 'io', code: 'storage.failed' });
  });
});

it('checkpoint objects are <prefix>checkpoints/<epoch>', async () => {
  await new S3CheckpointStore(objects).write(4, 'a note');
  expect([...double.objects.keys()]).toEqual(['p/checkpoints/4']);
});
