import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { makeDirectoryDurable, writeDurable, writeFileDurable } from './durable.js';

let directory: string;
beforeEach(async () => {
  directory = await mkdtemp(path.join(tmpdir(), 'cap-durable-'));
});
afterEach(() => rm(directory, { recursive: true }));

describe('durable files', () => {
  it('replaces a file whole, with the mode asked for, and leaves nothing behind', async () => {
    const file = path.join(directory, 'a');
    await writeFile(file, 'old');
    await writeFileDurable(file, 'new', { mode: 0o600 });
    expect(await readFile(file, 'utf8')).toBe('new');
    expect((await stat(file)).mode & 0o777).toBe(0o600);
    expect(await readdir(directory)).toEqual(['a']);
  });

  it('keeps the old file and removes the temporary one when writing fails', async () => {
    const file = path.join(directory, 'a');
    await writeFile(file, 'old');
    const failing = writeDurable(file, async (handle) => {
      await handle.writeFile('half');
      throw new Error('disk full');
    });
    await expect(failing).rejects.toThrow('disk full');
    expect(await readFile(file, 'utf8')).toBe('old');
    expect(await readdir(directory)).toEqual(['a']);
  });

  it('does not replace when asked not to', async () => {
    const file = path.join(directory, 'a');
    await writeFileDurable(file, 'first', { exclusive: true });
    await expect(writeFileDurable(file, 'second', { exclusive: true })).rejects.toMatchObject({ code: 'EEXIST' });
    expect(await readFile(file, 'utf8')).toBe('first');
    expect(await readdir(directory)).toEqual(['a']);
  });

  it('makes nested directories', async () => {
    await makeDirectoryDurable(path.join(directory, 'x/y/z'), 0o700);
    expect((await stat(path.join(directory, 'x/y/z'))).mode & 0o777).toBe(0o700);
    await makeDirectoryDurable(path.join(directory, 'x/y/z'));
  });

  it('says so where no directory can be made', async () => {
    await expect(makeDirectoryDurable('/proc/nowhere/deep')).rejects.toMatchObject({ code: 'ENOENT' });
    await writeFile(path.join(directory, 'file'), '');
    await expect(makeDirectoryDurable(path.join(directory, 'file'))).rejects.toMatchObject({ code: 'EEXIST' });
    await expect(makeDirectoryDurable(path.join(directory, 'file/x'))).rejects.toMatchObject({ code: 'ENOTDIR' });
  });
});
