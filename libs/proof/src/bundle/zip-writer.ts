import { crc32, deflateRawSync } from 'node:zlib';

/** A file for a zip. */
export interface ZipFile {
  name: string;
  bytes: Uint8Array;
}

const REGULAR_0644 = 0o100644;
const VERSION_NEEDED = 20;
const MADE_BY_UNIX = (3 << 8) | VERSION_NEEDED;
const FLAG_UTF8 = 1 << 11;
/** Above this a file is stored, so that what we write never comes near the readers' limit for bombs. */
const MAX_RATIO = 50;

/**
 * A zip in which equal files give equal bytes: given order, one time (UTC, two-second steps, 1980 to 2107) and mode for
 * all, nothing of the machine. Written here because library writers take the DOS time from the local time zone.
 */
export function writeZip(files: readonly ZipFile[], modified: Date): Buffer {
  const stamp = dosTime(modified);
  const parts: Buffer[] = [];
  const directory: Buffer[] = [];
  let offset = 0;
  for (const { name, bytes } of files) {
    const nameBytes = Buffer.from(name, 'utf8');
    const deflated = deflateRawSync(bytes, { level: 9 });
    const stored = deflated.length >= bytes.length || deflated.length * MAX_RATIO < bytes.length;
    const data = stored ? bytes : deflated;

    // The fields that local header and directory share, from "version needed" to the lengths.
    const shared = Buffer.alloc(26);
    shared.writeUInt16LE(VERSION_NEEDED, 0);
    shared.writeUInt16LE(FLAG_UTF8, 2);
    shared.writeUInt16LE(stored ? 0 : 8, 4);
    shared.writeUInt32LE(stamp, 6);
    shared.writeUInt32LE(crc32(bytes), 10);
    shared.writeUInt32LE(data.length, 14);
    shared.writeUInt32LE(bytes.length, 18);
    shared.writeUInt16LE(nameBytes.length, 22);

    const attributes = Buffer.alloc(14);
    attributes.writeUInt32LE(REGULAR_0644 * 0x10000, 6);
    attributes.writeUInt32LE(offset, 10);
    const madeBy = Buffer.alloc(2);
    madeBy.writeUInt16LE(MADE_BY_UNIX);
    directory.push(Buffer.from('PK\x01\x02', 'latin1'), madeBy, shared, attributes, nameBytes);

    const local = [Buffer.from('PK\x03\x04', 'latin1'), shared, nameBytes, Buffer.from(data)];
    parts.push(...local);
    offset += local.reduce((sum, part) => sum + part.length, 0);
  }
  const directorySize = directory.reduce((sum, part) => sum + part.length, 0);
  const end = Buffer.alloc(22);
  end.write('PK\x05\x06', 0, 'latin1');
  end.writeUInt16LE(files.length, 8);
  end.writeUInt16LE(files.length, 10);
  end.writeUInt32LE(directorySize, 12);
  end.writeUInt32LE(offset, 16);
  return Buffer.concat([...parts, ...directory, end]);
}

/** MS-DOS date and time as one u32: date in the upper half. Times outside its range become its nearest end. */
function dosTime(time: Date): number {
  const at = new Date(Math.min(Math.max(time.getTime(), Date.UTC(1980, 0, 1)), Date.UTC(2107, 11, 31, 23, 59, 58)));
  const date = ((at.getUTCFullYear() - 1980) << 9) | ((at.getUTCMonth() + 1) << 5) | at.getUTCDate();
  const clock = (at.getUTCHours() << 11) | (at.getUTCMinutes() << 5) | (at.getUTCSeconds() >> 1);
  return ((date << 16) | clock) >>> 0;
}
