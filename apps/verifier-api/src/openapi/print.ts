/** Writes the document to the file that is named: `pnpm openapi`. */
import { writeFile } from 'node:fs/promises';
import { documentText, openApiDocument } from './document.js';

const file = process.argv[2];
if (file === undefined) throw new Error('print: expected the file to write');
await writeFile(file, documentText(openApiDocument()));
