import { once } from 'node:events';
import { afterEach, beforeEach, expect, it } from '@jest/globals';
import { DataDirectory, startWriter } from '../data.fixture.js';
import { embeddedDescribe } from '../profile.fixture.js';
import { ownerOf } from './owner-lock.js';

let place: DataDirectory;
beforeEach(async () => {
  place = await DataDirectory.make();
});
afterEach(() => place.remove());

embeddedDescribe('the owner of a data directory (embedded)', () => {
  it('refuses a second process by name until the first is gone, also by kill -9', async () => {
    const { child, said } = startWriter(place.place, 'hold');
    await said(1);
    const refusal = await place.open().catch((error: unknown) => error);
    expect(refusal).toMatchObject({
      kind: 'busy',
      code: 'storage.owned',
      message: expect.stringContaining(`first-registry, process ${child.pid}`),
    });
    expect(ownerOf(place.directory)).toMatchObject({ pid: child.pid, program: 'first-registry' });

    child.kill('SIGKILL');
    await once(child, 'exit');
    expect(ownerOf(place.directory)).toBeNull();
    await place.open();
    expect(ownerOf(place.directory)).toMatchObject({ pid: process.pid, program: 'cap-registry' });
  });

  it('refuses a second opening within one process too, and lets go when it closes', async () => {
    const first = await place.open();
    await expect(place.open()).rejects.toMatchObject({ code: 'storage.owned' });
    await place.close(first);
    await place.open();
  });

  it('nobody owns a directory that is not there', () => {
    expect(ownerOf(place.at('nowhere'))).toBeNull();
  });
});
