import { CapError, parseJson, type JsonObject, type JsonValue } from '@cap/core';
import {
  parseCheckpoint,
  parseReceipt,
  receiptFromTlogProof,
  receiptJson,
  receiptToTlogProof,
  type Receipt,
  type SignedCheckpoint,
} from '@cap/tlog';
import { formatNote, type Note } from '@cap/tlog/notes';
import { parseConsistencyProof, type ConsistencyProof } from '@cap/tlog/consistency';
import { inputName, readInput } from '../input.js';
import type { CliIo } from '../io.js';

/** The content of a file about a log, and its form. `receipt` is null for a bare checkpoint. */
export interface LogFile {
  form: 'json' | 'tlog-proof' | 'note';
  receipt: Receipt | null;
  checkpoint: SignedCheckpoint;
}

/** Reads a receipt or a checkpoint, whichever the file contains. Malformed: exit 65. */
export async function readLogFile(io: CliIo, file: string): Promise<LogFile> {
  const bytes = await readInput(io, file);
  return inFile(file, () => {
    if (startsWith(bytes, '{')) return jsonFile(parseJson(bytes, inputName(file)) as JsonObject);
    if (startsWith(bytes, 'c2sp.org/tlog-proof@')) return receiptFile('tlog-proof', receiptFromTlogProof(bytes));
    return { form: 'note', receipt: null, checkpoint: parseCheckpoint(bytes) };
  });
}

/** Reads a receipt; a bare checkpoint is refused. */
export async function readReceipt(io: CliIo, file: string): Promise<Receipt> {
  const { receipt } = await readLogFile(io, file);
  if (receipt) return receipt;
  throw new CapError('receipt.malformed', `${inputName(file)}: expected a receipt, found a checkpoint`);
}

export async function readConsistencyProof(io: CliIo, file: string): Promise<ConsistencyProof> {
  const bytes = await readInput(io, file);
  return inFile(file, () => parseConsistencyProof(parseJson(bytes, inputName(file))));
}

/** The same file with its checkpoint under other signatures. */
export function withNote({ form, receipt, checkpoint }: LogFile, note: Note): string {
  if (receipt === null) return formatNote(note);
  const signed = { ...receipt, checkpoint: { ...checkpoint, note } };
  return form === 'tlog-proof' ? receiptToTlogProof(signed) : `${JSON.stringify(receiptJson(signed), null, 2)}\n`;
}

/** A receipt, or an answer of the API that contains a receipt or a checkpoint. */
function jsonFile(value: JsonObject): LogFile {
  if (isObject(value.receipt)) return receiptFile('json', parseReceipt(value.receipt));
  if (typeof value.checkpoint === 'string' && !('leaf' in value))
    return { form: 'note', receipt: null, checkpoint: parseCheckpoint(value.checkpoint) };
  return receiptFile('json', parseReceipt(value));
}

const receiptFile = (form: LogFile['form'], receipt: Receipt): LogFile => ({
  form,
  receipt,
  checkpoint: receipt.checkpoint,
});

const isObject = (value: JsonValue | undefined): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** Leading white space is ignored. */
const startsWith = (bytes: Buffer, text: string): boolean =>
  bytes.toString('utf8', 0, 1000).trimStart().startsWith(text);

/** Errors name the file. */
function inFile<T>(file: string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof CapError) || error.message.startsWith(`${inputName(file)}:`)) throw error;
    throw new CapError(error.code, `${inputName(file)}: ${error.message}`, { cause: error });
  }
}
