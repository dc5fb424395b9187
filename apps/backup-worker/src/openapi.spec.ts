import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { expect, it } from '@jest/globals';
import { openApiDocument } from '@cap/service-kit';
import { World } from './worker.fixture.js';

const FILE = path.join(import.meta.dirname, '../../../docs/openapi-backup-worker.json');

it('the document in docs/ is that of the controllers', async () => {
  const world = await World.start();
  try {
    const { service } = await world.worker();
    const document = openApiDocument(service.app, {
      title: 'CAP backup worker',
      description: 'The internal API of the backup worker, for operators.',
      servers: [{ url: 'http://127.0.0.1:8082', description: 'As installed' }],
      tags: { backups: 'Backups of the registry', operation: 'For those who run it' },
    });
    const text = `${JSON.stringify(document, null, 2)}\n`;
    // Changed on purpose? `pnpm openapi` writes it again.
    if (process.env.UPDATE_OPENAPI) await writeFile(FILE, text);
    expect(await readFile(FILE, 'utf8')).toBe(text);
  } finally {
    await world.end();
  }
});
