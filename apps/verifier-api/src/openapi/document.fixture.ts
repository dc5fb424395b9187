import { readFile } from 'node:fs/promises';
import path from 'node:path';
import type { OpenApiDocument } from '@cap/service-kit';

export const DOCUMENT_FILE = path.join(import.meta.dirname, '../../../../docs/openapi.json');

/** As it is in docs/: document.spec.ts holds it to be the service's own. */
export const document = JSON.parse(await readFile(DOCUMENT_FILE, 'utf8')) as OpenApiDocument;
