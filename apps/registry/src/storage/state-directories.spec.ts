import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { loadConfig } from '@cap/config';
import { requireStateDirectories } from './state-directories.js';

let directory: string;
beforeAll(() => void (directory = mkdtempSync(path.join(tmpdir(), 'cap-state-'))));
afterAll(() => rmSync(directory, { recursive: true }));

const requireState = (registry: object) =>
  requireStateDirectories(loadConfig({ role: 'registry', document: { registry } }).config.registry);
const at = (...names: string[]) => path.join(directory, ...names);

describe('the directories of the registry', () => {
  it('are made, for the owner and the group', async () => {
    await requireState({ database: at('new/registry.db'), blobs: at('new/blobs') });
    expect(statSync(at('new')).mode & 0o007).toBe(0);
    expect(statSync(at('new/blobs')).isDirectory()).toBe(true);
  });

  it.each([
    ['registry.database', { database: '/proc/nothing/registry.db' }, 'at /proc/nothing: no such file or directory'],
    ['registry.blobs', { blobs: '/proc/nothing' }, 'at /proc/nothing: no such file or directory'],
  ])('are refused by the name of the key where they can not be: %s', async (key, registry, words) => {
    const all = { database: at('new/registry.db'), blobs: at('new/blobs'), ...registry };
    await expect(requireState(all)).rejects.toMatchObject({ exit: 78, message: expect.stringContaining(words) });
    await expect(requireState(all)).rejects.toThrow(`configuration: ${key}: expected a directory that user `);
  });

  it('are no file', async () => {
    writeFileSync(at('file'), '');
    await expect(requireState({ database: at('new/registry.db'), blobs: at('file') })).rejects.toThrow(
      'registry.blobs: expected a directory',
    );
  });

  it('are nothing to a registry on PostgreSQL with a bucket', () =>
    requireState({ database: 'postgres://db/cap', blobs: { s3: { bucket: 'cap-blobs', region: 'eu-central-1' } } }));
});
