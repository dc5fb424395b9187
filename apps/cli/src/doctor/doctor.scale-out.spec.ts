import { generateKeyPairSync } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { afterEach, beforeEach, expect, it } from '@jest/globals';
import { RegistryData } from '@cap/storage';
import { administer } from '../../../../libs/storage/src/database/postgres.fixture.js';
import { ScaleOutStores } from '../../../../libs/storage/src/profile.fixture.js';
import { cap, scratch } from '../cli.fixture.js';

let stores: ScaleOutStores;
let config: string;
beforeEach(async () => {
  stores = await ScaleOutStores.make();
  const directory = await scratch();
  config = path.join(directory, 'app.yaml');
  const key = path.join(directory, 'log.key');
  const pem = generateKeyPairSync('ed25519').privateKey.export({ type: 'pkcs8', format: 'pem' });
  await writeFile(key, pem, { mode: 0o600 });
  await writeFile(config, JSON.stringify({ registry: { ...stores.place, log: { key } } }));
});
afterEach(() => stores.remove());

async function postgres() {
  const { out } = await cap(['doctor', '--service', 'registry', '--config', config, '--json']);
  const { findings } = JSON.parse(out) as { findings: { what: string; status: string; message: string }[] };
  return findings.find(({ what }) => what === 'PostgreSQL');
}

it('says what the database server is and what a start would find there, and makes nothing', async () => {
  expect(await postgres()).toMatchObject({
    status: 'ok',
    message: expect.stringMatching(/^\d+\.\d+.*: no registry yet/),
  });
  expect(await postgres()).toMatchObject({ message: expect.stringContaining('no registry yet') });
  await (await RegistryData.open({ ...stores.place, program: 'the test' })).close();
  expect(await postgres()).toMatchObject({ status: 'ok', message: expect.stringContaining('up to date') });
});

it('names a database of a newer version', async () => {
  await (await RegistryData.open({ ...stores.place, program: 'the test' })).close();
  await administer(
    stores.database,
    `INSERT INTO migrations (timestamp, name) VALUES (9999999999999, 'Later9999999999999')`,
  );
  expect(await postgres()).toMatchObject({ status: 'fail', message: expect.stringContaining('a newer version') });
});
