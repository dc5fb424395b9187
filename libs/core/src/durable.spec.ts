import { execFileSync } from 'node:child_process';
import { lstat, mkdtemp, readdir, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { makeDirectoryDurable, writeDurable, writeFileDurable } from './durable.js';

let directory: string;
beforeEach(async () => {
  directory = await mkdtemp(path.join(tmpdir(), 'cap-durable-'));
});
afterEach(() => rm(directory, { recursive: true }));
const at = (name: string) => path.join(directory, name);

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

  it('never renames over what is no regular file', async () => {
    execFileSync('mkfifo', [at('pipe')]);
    await writeFile(at('file'), 'kept');
    await symlink('file', at('link'));
    await symlink('nowhere', at('dangling'));
    for (const name of ['pipe', 'link', 'dangling'])
      await expect(writeFileDurable(at(name), 'new')).rejects.toMatchObject({
        kind: 'cannot-create',
        code: 'output.refused',
        message: expect.stringContaining(at(name)),
      });
    expect((await readdir(directory)).sort()).toEqual(['dangling', 'file', 'link', 'pipe']);
    expect(await readFile(at('file'), 'utf8')).toBe('kept');
  });

  it('writes into a device or pipe and follows a link where a person gave the name', async () => {
    const special = 'write' as const;
    await writeFileDurable('/dev/null', 'gone', { special });
    expect((await lstat('/dev/null')).isCharacterDevice()).toBe(true);

    execFileSync('mkfifo', [at('pipe')]);
    const [received] = await Promise.all([
      readFile(at('pipe'), 'utf8'),
      writeFileDurable(at('pipe'), 'x', { special }),
    ]);
    expect([received, (await lstat(at('pipe'))).isFIFO()]).toEqual(['x', true]);

    await writeFile(at('file'), 'old');
    await symlink('file', at('link'));
    await writeFileDurable(at('link'), 'new', { special });
    expect([await readFile(at('file'), 'utf8'), (await lstat(at('link'))).isSymbolicLink()]).toEqual(['new', true]);
    await symlink('nowhere', at('dangling'));
    await expect(writeFileDurable(at('dangling'), 'new', { special })).rejects.toMatchObject({
      code: 'output.refused',
    });
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
