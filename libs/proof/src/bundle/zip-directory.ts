import { CapError } from '@cap/core';
import type { BundleLimits } from './bundle.js';
import type { ByteSource } from './byte-source.js';
import { nameFault } from './entry-name.js';

/**
 * The structure of a bundle's zip (APPNOTE.TXT 6.3, sections 4.3.7, 4.3.9, 4.3.12, 4.3.16), read without unpacking
 * anything. Zip readers disagree about files that say one thing in two places, so only a subset is accepted in which
 * nothing can be said twice or hidden: local headers, data and directory cover every byte from 0 to the end exactly once,
 * in that order; local headers repeat what the directory says; one volume, no zip64, no comments. Written here rather
 * than taken from a library because a library's reading is lenient where this must not be.
 */
export interface ZipEntry {
  name: string;
  method: 'stored' | 'deflated';
  crc32: number;
  compressedSize: number;
  size: number;
  /** Where the packed bytes start. */
  dataOffset: number;
}

const LOCAL_HEADER = 0x04034b50;
const DIRECTORY_HEADER = 0x02014b50;
const END_RECORD = 0x06054b50;
const ZIP64_LOCATOR = 0x07064b50;
const DATA_DESCRIPTOR = 0x08074b50;
const LOCAL_HEADER_BYTES = 30;
const DIRECTORY_HEADER_BYTES = 46;
const END_RECORD_BYTES = 22;
const MAX_EXTRA_BYTES = 1_024;

const FLAG_ENCRYPTED = 1 << 0;
const FLAG_DESCRIPTOR = 1 << 3;
const FLAG_STRONG_ENCRYPTION = 1 << 6;
const FLAG_UTF8 = 1 << 11;
const FLAG_MASKED_HEADERS = 1 << 13;
/** Bits 1 and 2 tell how hard deflate tried. */
const ALLOWED_FLAGS = (1 << 1) | (1 << 2) | FLAG_DESCRIPTOR | FLAG_UTF8;

/** Extra fields that give an entry another size, name or encryption than its header says. */
const FORBIDDEN_EXTRA = new Map([
  [0x0001, 'zip64 sizes'],
  [0x0017, 'strong encryption'],
  [0x6375, 'a second comment'],
  [0x7075, 'a second name'],
  [0x9901, 'AES encryption'],
]);

export const unreadable = (why: string, cause?: unknown): never => {
  throw new CapError('bundle.unreadable', `bundle: ${why}`, { cause });
};
export const overLimit = (why: string): never => {
  throw new CapError('bundle.limit', `bundle: ${why}`);
};

interface DirectoryEntry extends ZipEntry {
  /** What a reader needs to know at least. */
  version: number;
  flags: number;
  methodCode: number;
  time: number;
  date: number;
  nameBytes: Buffer;
  localOffset: number;
  isDirectory: boolean;
}

/**
 * The files of the container, in directory order; entries for directories are checked and left out. Throws CapError
 * `bundle.unreadable` or `bundle.limit`. Contents are not looked at: unpack() checks them.
 */
export function readZipDirectory(source: ByteSource, limits: BundleLimits): ZipEntry[] {
  if (source.size > limits.bundleBytes) overLimit(`${source.size} bytes, at most ${limits.bundleBytes} are allowed`);
  const { count, directoryOffset, directorySize } = readEndRecord(source, limits);
  const entries = readEntries(source.read(directoryOffset, directorySize), count);
  checkNames(entries);
  checkSizes(entries, limits);
  let offset = 0;
  for (const entry of entries.toSorted((a, b) => a.localOffset - b.localOffset)) {
    if (entry.localOffset !== offset)
      unreadable(
        entry.localOffset < offset
          ? `entry ${entry.name} overlaps another one at byte ${entry.localOffset}`
          : `bytes ${offset} to ${entry.localOffset} belong to no entry`,
      );
    offset = readLocalHeader(source, entry, directoryOffset);
  }
  if (offset !== directoryOffset) unreadable(`bytes ${offset} to ${directoryOffset} belong to no entry`);
  return entries
    .filter(({ isDirectory }) => !isDirectory)
    .map(({ name, method, crc32, compressedSize, size, dataOffset }) => ({
      name,
      method,
      crc32,
      compressedSize,
      size,
      dataOffset,
    }));
}

/** The end record must be the last 22 bytes: a comment would be room for data after the end. */
function readEndRecord(source: ByteSource, limits: BundleLimits) {
  if (source.size < END_RECORD_BYTES) unreadable(`not a zip: only ${source.size} bytes`);
  const end = source.read(source.size - END_RECORD_BYTES, END_RECORD_BYTES);
  if (end.readUInt32LE(0) !== END_RECORD)
    unreadable(
      hasEndRecord(source)
        ? 'data or a comment after the end of the zip'
        : 'not a zip: it does not end in an end record',
    );
  if (end.readUInt16LE(4) !== 0 || end.readUInt16LE(6) !== 0) unreadable('the zip is split over several volumes');
  const count = end.readUInt16LE(10);
  if (count > limits.entries) overLimit(`${count} entries or more, at most ${limits.entries} are allowed`);
  if (end.readUInt16LE(8) !== count) unreadable('the end record gives two different numbers of entries');
  if (end.readUInt16LE(20) !== 0) unreadable('the end record announces a comment that is not there');
  const directorySize = end.readUInt32LE(12);
  const directoryOffset = end.readUInt32LE(16);
  const endOffset = source.size - END_RECORD_BYTES;
  if (endOffset >= 20 && source.read(endOffset - 20, 4).readUInt32LE(0) === ZIP64_LOCATOR)
    unreadable('zip64 is not accepted: no bundle is large enough to need it');
  if (directoryOffset + directorySize !== endOffset)
    unreadable(
      directoryOffset + directorySize < endOffset
        ? 'data before the first entry, or between the directory and the end record'
        : 'the directory reaches beyond the end record',
    );
  if (directorySize > count * (DIRECTORY_HEADER_BYTES + 255 + MAX_EXTRA_BYTES))
    unreadable(`a directory of ${directorySize} bytes is too large for ${count} entries`);
  return { count, directoryOffset, directorySize };
}

function hasEndRecord(source: ByteSource): boolean {
  const length = Math.min(source.size, END_RECORD_BYTES + 65_535);
  return source.read(source.size - length, length).includes(Buffer.from('PK\x05\x06', 'latin1'));
}

function readEntries(directory: Buffer, count: number): DirectoryEntry[] {
  const entries: DirectoryEntry[] = [];
  let at = 0;
  for (let i = 0; i < count; i++) {
    if (at + DIRECTORY_HEADER_BYTES > directory.length || directory.readUInt32LE(at) !== DIRECTORY_HEADER)
      unreadable(`the directory announces ${count} entries, but entry ${i + 1} is not there`);
    const header = directory.subarray(at);
    const nameLength = header.readUInt16LE(28);
    const extraLength = header.readUInt16LE(30);
    const commentLength = header.readUInt16LE(32);
    at += DIRECTORY_HEADER_BYTES + nameLength + extraLength + commentLength;
    if (at > directory.length) unreadable(`directory entry ${i + 1} reaches beyond the directory`);
    const nameEnd = DIRECTORY_HEADER_BYTES + nameLength;
    const entry = readDirectoryHeader(header, header.subarray(DIRECTORY_HEADER_BYTES, nameEnd));
    checkExtra(header.subarray(nameEnd, nameEnd + extraLength), entry.name);
    if (commentLength !== 0) unreadable(`entry ${entry.name} has a comment`);
    entries.push(entry);
  }
  if (at !== directory.length) unreadable('data between the directory and the end record');
  return entries;
}

function readDirectoryHeader(header: Buffer, nameBytes: Buffer): DirectoryEntry {
  const flags = header.readUInt16LE(8);
  const { name, isDirectory } = readName(nameBytes, flags);
  if (flags & (FLAG_ENCRYPTED | FLAG_STRONG_ENCRYPTION | FLAG_MASKED_HEADERS)) unreadable(`entry ${name} is encrypted`);
  if (flags & ~ALLOWED_FLAGS) unreadable(`entry ${name} has unknown flags (0x${flags.toString(16)})`);
  const methodCode = header.readUInt16LE(10);
  if (methodCode !== 0 && methodCode !== 8)
    unreadable(`entry ${name} is packed by method ${methodCode}, only stored and deflated are accepted`);
  if (header.readUInt16LE(34) !== 0) unreadable(`entry ${name} stands on another volume`);
  checkFileType(name, isDirectory, header.readUInt32LE(38));
  return {
    name,
    nameBytes,
    isDirectory,
    version: header.readUInt16LE(6),
    flags,
    methodCode,
    method: methodCode === 0 ? 'stored' : 'deflated',
    time: header.readUInt16LE(12),
    date: header.readUInt16LE(14),
    crc32: header.readUInt32LE(16),
    compressedSize: header.readUInt32LE(20),
    size: header.readUInt32LE(24),
    localOffset: header.readUInt32LE(42),
    dataOffset: 0,
  };
}

function readName(bytes: Buffer, flags: number): { name: string; isDirectory: boolean } {
  const spelled = bytes.toString('utf8');
  if (!Buffer.from(spelled, 'utf8').equals(bytes)) unreadable('the name of an entry is not UTF-8');
  // Without the flag, a reader may take the bytes for another character set and see another name.
  if (bytes.some((byte) => byte > 0x7f) && !(flags & FLAG_UTF8))
    unreadable(`entry ${spelled}: the name is not marked as UTF-8`);
  const isDirectory = spelled.endsWith('/');
  const fault = nameFault(isDirectory ? spelled.slice(0, -1) : spelled);
  if (fault) unreadable(`entry ${JSON.stringify(spelled.slice(0, 100))}: ${fault}`);
  return { name: spelled, isDirectory };
}

/** The upper half of the external attributes is a Unix mode, whatever system the header claims; 0 stands for none. */
function checkFileType(name: string, isDirectory: boolean, externalAttributes: number): void {
  const type = (externalAttributes >>> 16) & 0o170000;
  if (type === 0o120000) unreadable(`entry ${name} is a symbolic link`);
  if (type !== 0 && type !== (isDirectory ? 0o040000 : 0o100000)) unreadable(`entry ${name} is not a regular file`);
}

function checkExtra(extra: Buffer, name: string): void {
  if (extra.length > MAX_EXTRA_BYTES) unreadable(`entry ${name} has ${extra.length} bytes of extra fields`);
  let at = 0;
  while (at < extra.length) {
    if (at + 4 > extra.length || at + 4 + extra.readUInt16LE(at + 2) > extra.length)
      unreadable(`entry ${name}: broken extra fields`);
    const forbidden = FORBIDDEN_EXTRA.get(extra.readUInt16LE(at));
    if (forbidden) unreadable(`entry ${name} has an extra field for ${forbidden}`);
    at += 4 + extra.readUInt16LE(at + 2);
  }
}

/** Names are compared as Unicode (NFC) and without case: on many file systems they would be one file. */
function checkNames(entries: readonly DirectoryEntry[]): void {
  const seen = new Set<string>();
  for (const { name } of entries) {
    const folded = name.replace(/\/$/, '').normalize('NFC').toLowerCase();
    if (seen.has(folded)) unreadable(`several entries named ${name}`);
    seen.add(folded);
  }
}

/** Declared sizes; unpack() holds the actual bytes to them. */
function checkSizes(entries: readonly DirectoryEntry[], limits: BundleLimits): void {
  let total = 0;
  for (const { name, isDirectory, method, size, compressedSize } of entries) {
    total += size;
    if (total > limits.unpackedBytes) overLimit(`more than ${limits.unpackedBytes} bytes unpacked`);
    if (size > compressedSize * limits.ratio)
      overLimit(`entry ${name} unpacks to more than ${limits.ratio} times its packed size`);
    if (method === 'stored' && size !== compressedSize) unreadable(`entry ${name} is stored, but its two sizes differ`);
    if (isDirectory && size !== 0) unreadable(`the directory ${name} has contents`);
  }
}

/** Compares the local header with the directory; returns where the entry's bytes end. */
function readLocalHeader(source: ByteSource, entry: DirectoryEntry, directoryOffset: number): number {
  const { name, localOffset } = entry;
  const insideEntries = (end: number) => {
    if (end > directoryOffset) unreadable(`entry ${name} reaches into the directory`);
  };
  insideEntries(localOffset + LOCAL_HEADER_BYTES + entry.nameBytes.length);
  const header = source.read(localOffset, LOCAL_HEADER_BYTES + entry.nameBytes.length);
  if (header.readUInt32LE(0) !== LOCAL_HEADER) unreadable(`entry ${name}: no local header at byte ${localOffset}`);
  const differs = (what: string) => unreadable(`entry ${name}: local header and directory disagree about the ${what}`);
  if (
    header.readUInt16LE(26) !== entry.nameBytes.length ||
    !header.subarray(LOCAL_HEADER_BYTES).equals(entry.nameBytes)
  )
    differs('name');
  if (header.readUInt16LE(4) !== entry.version) differs('version');
  if (header.readUInt16LE(6) !== entry.flags) differs('flags');
  if (header.readUInt16LE(8) !== entry.methodCode) differs('method');
  if (header.readUInt16LE(10) !== entry.time || header.readUInt16LE(12) !== entry.date) differs('time');
  const sums = [header.readUInt32LE(14), header.readUInt32LE(18), header.readUInt32LE(22)];
  const streamed = (entry.flags & FLAG_DESCRIPTOR) !== 0;
  const repeated = sums[0] === entry.crc32 && sums[1] === entry.compressedSize && sums[2] === entry.size;
  if (!repeated && !(streamed && sums.every((sum) => sum === 0))) differs('CRC or sizes');

  const extraOffset = localOffset + LOCAL_HEADER_BYTES + entry.nameBytes.length;
  const extraLength = header.readUInt16LE(28);
  entry.dataOffset = extraOffset + extraLength;
  const dataEnd = entry.dataOffset + entry.compressedSize;
  insideEntries(dataEnd);
  checkExtra(source.read(extraOffset, extraLength), name);
  return streamed ? readDescriptor(source, entry, dataEnd, insideEntries) : dataEnd;
}

/** After streamed data: CRC and sizes, with or without a signature before them. */
function readDescriptor(
  source: ByteSource,
  entry: DirectoryEntry,
  offset: number,
  insideEntries: (end: number) => void,
): number {
  insideEntries(offset + 12);
  const signed = source.read(offset, 4).readUInt32LE(0) === DATA_DESCRIPTOR;
  const start = signed ? offset + 4 : offset;
  insideEntries(start + 12);
  const descriptor = source.read(start, 12);
  if (
    descriptor.readUInt32LE(0) !== entry.crc32 ||
    descriptor.readUInt32LE(4) !== entry.compressedSize ||
    descriptor.readUInt32LE(8) !== entry.size
  )
    unreadable(`entry ${entry.name}: data descriptor and directory disagree`);
  return start + 12;
}
