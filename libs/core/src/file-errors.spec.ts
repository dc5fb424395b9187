import { mkdir, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { writeFileDurable } from './durable.js';
import { CapError } from './errors.js';
import { readError, systemWords, writeError } from './file-errors.js';

/** As the system makes it for a durable file: it names the temporary file. */
const failed = (code: string, errno: number) =>
  Object.assign(new Error(`${code}: words, open '/project/.tmp-0123456789abcdef'`), { code, errno });

describe('errors of files', () => {
  it.each([
    ['ENOENT', 'file.missing', 'no such file: bundle.zip'],
    ['ENOTDIR', 'file.missing', 'no such file: bundle.zip'],
    ['EACCES', 'file.forbidden', 'permission denied reading bundle.zip'],
    ['EPERM', 'file.forbidden', 'permission denied reading bundle.zip'],
    ['EISDIR', 'file.directory', 'expected a file, found a directory: bundle.zip'],
    ['EIO', 'file.unreadable', "can't read bundle.zip: operation not permitted"],
  ])('%s when reading is %s', (system, code, message) => {
    expect(readError('bundle.zip', failed(system, -1))).toMatchObject({ code, message });
  });

  it.each([
    ['EACCES', -13, 'cannot-create', "can't create bundle.zip: permission denied"],
    ['EROFS', -30, 'cannot-create', "can't create bundle.zip: read-only file system"],
    ['EISDIR', -21, 'cannot-create', "can't create bundle.zip: illegal operation on a directory"],
    ['EEXIST', -17, 'cannot-create', 'bundle.zip already exists; not overwriting it'],
    ['ENOSPC', -28, 'io', "can't write bundle.zip: no space left on device"],
    ['EIO', -5, 'io', "can't write bundle.zip: i/o error"],
  ])('%s when writing names the file that was asked for', (code, errno, kind, message) => {
    expect(writeError('bundle.zip', failed(code, errno))).toMatchObject({ kind, message });
  });

  it('leaves an error alone that says already what is wrong', () => {
    const known = new CapError('list.invalid', 'row 3');
    expect(writeError('bundle.zip', known)).toBe(known);
    expect(readError('bundle.zip', known)).toBe(known);
    expect(systemWords(known)).toBe('row 3');
  });

  it('reads what the system says of real files', async () => {
    const directory = await mkdtemp(path.join(tmpdir(), 'cap-errors-'));
    try {
      const file = path.join(directory, 'taken');
      await mkdir(path.join(file, 'below'), { recursive: true });
      const writing = await writeFileDurable(file, 'x').catch((error: unknown) => writeError(file, error));
      expect(writing).toMatchObject({ kind: 'cannot-create', message: expect.not.stringContaining('.tmp-') });
      expect(readError(file, await readFile(file).catch((error: unknown) => error)).code).toBe('file.directory');
    } finally {
      await rm(directory, { recursive: true });
    }
  });
});
