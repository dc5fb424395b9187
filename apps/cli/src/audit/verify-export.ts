import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { EXIT, type ExitCode, CapError, isCapError, parseJson } from '@cap/core';
import { readExpectedSigner } from '@cap/backup';
import { chainFault, eventLeaf, parseCheckpoint, type SignedCheckpoint, verifyCheckpoint } from '@cap/tlog';
import { GrowingTree, leafHash, verifyInclusion } from '@cap/tlog/merkle';
import { embeddedKey, kidOf, parseEnvelope, sha3Text, verifySignature } from '@cap/crypto';
import { readZipDirectory, unpack, withFileSource } from '@cap/proof/zip';
import { isDirectory } from '../input.js';
import { type CliIo, printResult } from '../io.js';
import { readLogKeys } from '../registry/log-keys.js';
import {
  canonical,
  type ExportedEntry,
  type ExportedEvent,
  type ExportHead,
  exportHead,
  HEAD,
  type Inclusion,
  PAYLOAD_TYPE,
  SIGNATURE,
} from './export-format.js';

interface Expectations {
  signer?: string | undefined;
  logKey?: string[] | undefined;
  json?: true | undefined;
}
type Files = ReadonlyMap<string, Buffer>;

/** The export is readable, but wrong. */
const fault = (message: string): CapError => new CapError('export.fault', message);

/** A directory with export.json in it, or a zip. */
export async function isExport(file: string): Promise<boolean> {
  if (await isDirectory(file)) return (await readdir(file)).includes(HEAD);
  const bytes = await withFileSource(file, (source) => source.read(0, Math.min(2, source.size)));
  return bytes.toString('latin1') === 'PK';
}

/** Checks signature, files, hash chain, tree and entries of an export, offline. Exit 2 names the first fault. */
export async function verifyExport(io: CliIo, options: Expectations, file: string): Promise<ExitCode> {
  const files = await readFiles(file);
  let wrong: string | null = null;
  let signed_by: string | null = null;
  let head: ExportHead | null = null;
  let log_signed: boolean | null = null;
  try {
    signed_by = await checkSignature(files, options.signer);
    head = parseHead(files);
    checkFiles(files, head);
    const checkpoint = parseCheckpoint(head.checkpoint);
    log_signed = await checkLogSignature(io, checkpoint, options.logKey);
    checkEvents(files, head, checkpoint);
  } catch (error) {
    if (!isCapError(error) || (error.kind !== 'refused' && error.kind !== 'input')) throw error;
    wrong = error.message;
  }
  const { events = 0, entries = 0, complete = false, masked = false, filter = {}, range = null } = head ?? {};
  const signer_checked = options.signer !== undefined;
  printResult(
    io,
    options,
    {
      file,
      ok: wrong === null,
      fault: wrong,
      events,
      entries,
      complete,
      masked,
      filter,
      range,
      signed_by,
      signer_checked,
      log_signed,
    },
    () =>
      wrong === null
        ? [
            `ok: ${events} events, ${entries} entries, ${complete ? 'complete up to its checkpoint' : `filtered: ${canonical(filter)}`}${masked ? ', masked' : ''}`,
            `signed by ${signed_by}${signer_checked ? '' : ' (not compared with anyone: give --signer)'}`,
            log_signed === null
              ? "the log's signature was not checked: give --log-key"
              : 'the checkpoint is signed by the log',
          ].join('\n')
        : `fault: ${wrong}`,
  );
  return wrong === null ? EXIT.ok : EXIT.fault;
}

const LIMITS = { bundleBytes: 4_000_000_000, entries: 16, unpackedBytes: 4_000_000_000, ratio: 100 };

async function readFiles(file: string): Promise<Files> {
  if (!(await isDirectory(file)))
    return withFileSource(
      file,
      (source) => new Map(readZipDirectory(source, LIMITS).map((entry) => [entry.name, unpack(source, entry)])),
    );
  const files = new Map<string, Buffer>();
  for (const name of await readdir(file)) files.set(name, await readFile(path.join(file, name)));
  return files;
}

/** The kid that signed export.json. */
async function checkSignature(files: Files, expected: string | undefined): Promise<string> {
  const envelope = parseEnvelope(parseJson(contentOf(files, SIGNATURE), SIGNATURE));
  if (envelope.payloadType !== PAYLOAD_TYPE) throw fault(`${SIGNATURE}: has the payload type ${envelope.payloadType}`);
  if (!envelope.payloadBytes.equals(contentOf(files, HEAD))) throw fault(`${SIGNATURE}: signs another ${HEAD}`);
  const signer = expected === undefined ? null : await readExpectedSigner(expected);
  const kid = signer === null ? null : typeof signer === 'string' ? signer : kidOf(signer);
  const signature = envelope.signatures.find(({ keyid }) => kid === null || keyid === kid);
  if (!signature)
    throw fault(kid === null ? `${SIGNATURE}: has no signature` : `${SIGNATURE}: is not signed by ${kid}`);
  const key = typeof signer === 'object' && signer !== null ? signer : embeddedKey(signature);
  if (!key || !verifySignature(envelope, signature, key)) throw fault(`${SIGNATURE}: the signature does not verify`);
  return signature.keyid;
}

function contentOf(files: Files, name: string): Buffer {
  const bytes = files.get(name);
  if (!bytes) throw fault(`${name}: missing`);
  return bytes;
}

function parseHead(files: Files): ExportHead {
  const parsed = exportHead.safeParse(parseJson(contentOf(files, HEAD), HEAD));
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  throw fault(`${HEAD}: ${issue!.path.join('.') || 'document'}: ${issue!.message}`);
}

function checkFiles(files: Files, head: ExportHead): void {
  const known = new Set([HEAD, SIGNATURE, ...head.files.map((file) => file.path)]);
  for (const name of files.keys()) if (!known.has(name)) throw fault(`${name}: not listed in ${HEAD}`);
  for (const { path: name, size, sha3_256 } of head.files) {
    const bytes = contentOf(files, name);
    if (bytes.length !== size || sha3Text(bytes) !== sha3_256)
      throw fault(`${name}: size or hash differs from ${HEAD}`);
  }
}

async function checkLogSignature(io: CliIo, checkpoint: SignedCheckpoint, named?: string[]): Promise<true | null> {
  if (named === undefined) return null;
  const trust = { logKeys: await readLogKeys(io, named), witnessKeys: [], witnessThreshold: 0 };
  const [failure] = verifyCheckpoint(checkpoint, trust).failures;
  if (failure) throw fault(`checkpoint: ${failure.message}`);
  return true;
}

/** Checks the chain of the events, each entry against its event, and the events against the tree that the log signed. */
function checkEvents(files: Files, head: ExportHead, { size, root }: SignedCheckpoint): void {
  const tree = new GrowingTree();
  const entries = linesOf<ExportedEntry>(contentOf(files, 'entries.jsonl'), 'entries.jsonl');
  const whole = head.range === null ? size === 0 : head.range.first === 0 && head.range.last === size - 1;
  if (head.complete && !whole) throw fault(`${HEAD}: claims to be complete, but does not cover all ${size} events`);
  const proofs = whole ? null : linesOf<Inclusion>(contentOf(files, 'inclusion.jsonl'), 'inclusion.jsonl');
  let next = entries.next();
  let previous: ExportedEvent | null = null;
  let counted = 0;
  for (const event of linesOf<ExportedEvent>(contentOf(files, 'events.jsonl'), 'events.jsonl')) {
    if (counted++ === 0 && event.seq !== head.range?.first)
      throw fault(`event ${event.seq}: the range begins with ${head.range?.first}`);
    checkLink(previous, event, head.masked);
    previous = event;
    const leaf = event.leaf_hash === undefined ? leafHash(eventLeaf(event)) : Buffer.from(event.leaf_hash, 'base64');
    const isEntry = !next.done && next.value.log_index === event.seq;
    if (isEntry) {
      checkEntry(next.value!, event);
      next = entries.next();
    } else if (head.complete && event.event === 'entry.registered')
      throw fault(`event ${event.seq}: its entry is missing`);
    if (whole) tree.appendHashes([leaf]);
    else if (isEntry || event.seq === head.range?.last)
      checkInclusion(proofs!.next().value, { index: event.seq, size, leaf, root });
  }
  if ((previous?.seq ?? null) !== (head.range?.last ?? null)) throw fault(`event ${head.range?.last}: missing`);
  if (!next.done) throw fault(`entry ${next.value.entry_id}: its event ${next.value.log_index} is missing`);
  if (whole && !tree.root.equals(root))
    throw fault(`the tree of the ${size} events does not have the root of the checkpoint`);
}

function checkLink(previous: ExportedEvent | null, event: ExportedEvent, masked: boolean): void {
  if (previous && (event.seq !== previous.seq + 1 || event.prev_digest !== previous.digest))
    throw fault(`event ${event.seq}: does not follow event ${previous.seq}`);
  if (event.leaf_hash !== undefined) {
    if (!masked) throw fault(`event ${event.seq}: masked, but the export claims not to be`);
    return;
  }
  // The first event follows one that is not in the export, unless it is the log's first.
  const before = previous ?? (event.seq === 0 ? null : { seq: event.seq - 1, digest: event.prev_digest });
  const wrong = chainFault(before, event);
  if (wrong) throw fault(wrong);
}

/** An entry agrees with its event; company, hold and erasure are not in the event. */
function checkEntry(entry: ExportedEntry, { seq, ts, event, details }: ExportedEvent): void {
  const object = `entry ${entry.entry_id}`;
  if (event !== 'entry.registered') throw fault(`${object}: event ${seq} is ${event}`);
  if (entry.registered_at !== ts)
    throw fault(`${object}: registered_at is ${entry.registered_at}, but event ${seq} says ${ts}`);
  for (const [name, logged] of Object.entries(details)) {
    const value = entry[name as keyof ExportedEntry];
    if (value !== logged)
      throw fault(`${object}: ${name} is ${String(value)}, but event ${seq} says ${String(logged)}`);
  }
}

function checkInclusion(
  given: Inclusion | undefined,
  { index, size, leaf, root }: { index: number; size: number; leaf: Buffer; root: Buffer },
): void {
  const proof = (given?.proof ?? []).map((hash) => Buffer.from(hash, 'base64'));
  if (given?.log_index !== index || !verifyInclusion({ index, size, leafHash: leaf, root, proof }))
    throw fault(`event ${index}: not proven to be in the tree of ${size} events`);
}

function* linesOf<T>(bytes: Buffer, name: string): Generator<T, undefined> {
  let number = 0;
  for (let from = 0; from < bytes.length;) {
    const end = bytes.indexOf(0x0a, from);
    number++;
    if (end === -1) throw fault(`${name}:${number}: does not end in a line feed`);
    yield parseJson(bytes.subarray(from, end), `${name}:${number}`) as T;
    from = end + 1;
  }
  return undefined;
}
