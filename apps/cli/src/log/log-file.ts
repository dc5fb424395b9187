import { CapError, parseJson, type JsonObject, type JsonValue } from '@cap/core';
import {
  formatNote,
  parseCheckpoint,
  parseConsistencyProof,
  parseReceipt,
  receiptFromTlogProof,
  receiptJson,
  receiptToTlogProof,
  type ConsistencyProof,
  type Note,
  type Receipt,
  type SignedCheckpoint,
} from '@cap/tlog';
import { inputName, readInput } from '../frame/input.js';
import { type CliIo } from '../frame/io.js';

/** What a file about a log holds, and how it spells it. `receipt` is null for a bare checkpoint. */
export interface LogFile {
  form: 'json' | 'tlog-proof' | 'note';
  receipt: Receipt | null;
  checkpoint: SignedCheckpoint;
}

/** Reads a receipt or a checkpoint, told apart by what is in the file. Malformed: exit 65. */
export async function readLogFile(io: CliIo, file: string): Promise<LogFile> {
  const bytes = await readInput(io, file);
  return inFile(file, () => {
    if (startsWith(bytes, '{')) return jsonFile(parseJson(bytes, inputName(file)) as JsonObject);
    if (startsWith(bytes, 'c2sp.org/tlog-proof@')) return ofReceipt('tlog-proof', receiptFromTlogProof(bytes));
    return { form: 'note', receipt: null, checkpoint: parseCheckpoint(bytes) };
  });
}

/** Reads a receipt; a bare checkpoint is none. */
export async function readReceipt(io: CliIo, file: string): Promise<Receipt> {
  const { receipt } = await readLogFile(io, file);
  if (receipt) return receipt;
  throw new CapError('receipt.malformed', `${inputName(file)}: a checkpoint, a receipt was expected`);
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

/** A receipt, an answer of the API that has one, or one that has a checkpoint alone. */
function jsonFile(value: JsonObject): LogFile {
  if (isObject(value.receipt)) return ofReceipt('json', parseReceipt(value.receipt));
  if (typeof value.checkpoint === 'string' && !('leaf' in value))
    return { form: 'note', receipt: null, checkpoint: parseCheckpoint(value.checkpoint) };
  return ofReceipt('json', parseReceipt(value));
}

const ofReceipt = (form: LogFile['form'], receipt: Receipt): LogFile => ({
  form,
  receipt,
  checkpoint: receipt.checkpoint,
});

const isObject = (value: JsonValue | undefined): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** Is this, after white space, how the text begins? */
const startsWith = (bytes: Buffer, text: string): boolean =>
  bytes.toString('utf8', 0, 1000).trimStart().startsWith(text);

/** What is malformed is so in a file. */
function inFile<T>(file: string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof CapError) || error.message.startsWith(`${inputName(file)}:`)) throw error;
    throw new CapError(error.code, `${inputName(file)}: ${error.message}`, { cause: error });
  }
}
