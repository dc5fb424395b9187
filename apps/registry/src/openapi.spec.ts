import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { expect, it } from '@jest/globals';
import { openApiDocument } from '@cap/service-kit';
import { TestRegistry } from './registry.fixture.js';

const FILE = path.join(import.meta.dirname, '../../../docs/openapi-registry.json');

it('the document in docs/ is that of the controllers', async () => {
  const registry = await TestRegistry.start();
  try {
    const document = openApiDocument(registry.service.app, {
      title: 'CAP registry',
      description:
        'The internal API of the registry, for the verifier, the backup worker and operators. It may change with any version: all parts of an installation have the same one.',
      servers: [
        { url: 'http://127.0.0.1:8081', description: 'As installed, without TLS' },
        { url: 'https://127.0.0.1:8444', description: 'With tls.mode tls' },
      ],
      tags: {
        status: 'What there is',
        policies: 'Policies by id and hash',
        lists: 'Reference lists by hash',
        blobs: 'Bundles, lists and answers by the hash of their bytes',
        entries: 'Registered verdicts',
        log: 'The log of everything that was registered, and its proofs',
        idempotency: 'Keys under which the verifier carries a write out once',
        snapshots: 'Consistent states for a backup',
        operations: 'For operators',
        operation: 'For those who run it',
      },
    });
    const text = `${JSON.stringify(document, null, 2)}\n`;
    // Changed on purpose? `pnpm openapi` writes it again.
    if (process.env.UPDATE_OPENAPI) await writeFile(FILE, text);
    expect(await readFile(FILE, 'utf8')).toBe(text);
  } finally {
    await registry.stop();
  }
});
