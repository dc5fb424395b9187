import { crc32, deflateRawSync } from 'node:zlib';

/** Header fields; whatever is set goes before what would be right. */
interface RawHeader {
  /** What a reader needs to know at least: 20 for deflate. */
  version?: number;
  flags?: number;
  method?: number;
  time?: number;
  crc?: number;
  compressedSize?: number;
  size?: number;
  name?: string | Buffer;
  extra?: Buffer;
}

export interface RawEntry {
  name: string | Buffer;
  content: string | Buffer;
  /** The packed bytes, in place of the content's. */
  packed?: Buffer;
  /** Both headers; `local` and `central` go before it. */
  header?: RawHeader;
  local?: RawHeader;
  central?: RawHeader & { comment?: string; externalAttributes?: number; disk?: number; localOffset?: number };
  descriptor?: 'signed' | 'plain';
  /** Bytes in front of the local header. */
  gap?: Buffer;
}

export interface RawZip {
  before?: Buffer;
  /** Between the entries and the directory, and between the directory and the end record. */
  beforeDirectory?: Buffer;
  beforeEnd?: Buffer;
  comment?: string;
  after?: Buffer;
  end?: {
    count?: number;
    diskCount?: number;
    disk?: number;
    directorySize?: number;
    directoryOffset?: number;
    commentLength?: number;
  };
}

const u16 = (...values: number[]): Buffer => {
  const out = Buffer.alloc(2 * values.length);
  values.forEach((value, i) => out.writeUInt16LE(value, 2 * i));
  return out;
};
const u32 = (...values: number[]): Buffer => {
  const out = Buffer.alloc(4 * values.length);
  values.forEach((value, i) => out.writeUInt32LE(value, 4 * i));
  return out;
};
const bytesOf = (text: string | Buffer): Buffer => (typeof text === 'string' ? Buffer.from(text, 'utf8') : text);

/** A zip made byte by byte, lies included; without any, an ordinary one. Independent of the writer under test. */
export function rawZip(entries: readonly RawEntry[], zip: RawZip = {}): Buffer {
  const chunks: Buffer[] = [zip.before ?? Buffer.alloc(0)];
  const length = () => chunks.reduce((sum, chunk) => sum + chunk.length, 0);
  const directory = entries.map((entry) => {
    chunks.push(entry.gap ?? Buffer.alloc(0));
    const content = bytesOf(entry.content);
    const method = entry.header?.method ?? 8;
    const packed = entry.packed ?? (method === 8 ? deflateRawSync(content) : content);
    const right = {
      version: 20,
      flags: 0x800 | (entry.descriptor ? 8 : 0),
      method,
      time: 0x5a21_0000,
      crc: crc32(content),
      compressedSize: packed.length,
      size: content.length,
      name: entry.name,
      extra: Buffer.alloc(0),
      ...entry.header,
    };
    const fields = ({ version, flags, method, time, crc, compressedSize, size, name, extra }: typeof right) =>
      Buffer.concat([
        u16(version, flags, method),
        u32(time, crc, compressedSize, size),
        u16(bytesOf(name).length, extra.length),
      ]);
    const streamed = entry.descriptor ? { crc: 0, compressedSize: 0, size: 0 } : {};
    const local = { ...right, ...streamed, ...entry.local };
    const offset = length();
    chunks.push(Buffer.from('PK\x03\x04'), fields(local), bytesOf(local.name), local.extra, packed);
    if (entry.descriptor === 'signed') chunks.push(u32(0x08074b50));
    if (entry.descriptor) chunks.push(u32(right.crc, right.compressedSize, right.size));
    const central = {
      comment: '',
      externalAttributes: 0o100644 * 0x10000,
      disk: 0,
      localOffset: offset,
      ...right,
      ...entry.central,
    };
    return Buffer.concat([
      Buffer.from('PK\x01\x02'),
      u16(0x0314),
      fields(central),
      u16(central.comment.length, central.disk, 0),
      u32(central.externalAttributes, central.localOffset),
      bytesOf(central.name),
      central.extra,
      Buffer.from(central.comment),
    ]);
  });
  chunks.push(zip.beforeDirectory ?? Buffer.alloc(0));
  const directoryOffset = length();
  chunks.push(...directory);
  const directorySize = length() - directoryOffset;
  chunks.push(zip.beforeEnd ?? Buffer.alloc(0));
  const { end = {} } = zip;
  const comment = Buffer.from(zip.comment ?? '');
  chunks.push(
    Buffer.from('PK\x05\x06'),
    u16(end.disk ?? 0, 0, end.diskCount ?? end.count ?? entries.length, end.count ?? entries.length),
    u32(end.directorySize ?? directorySize, end.directoryOffset ?? directoryOffset),
    u16(end.commentLength ?? comment.length),
    comment,
    zip.after ?? Buffer.alloc(0),
  );
  return Buffer.concat(chunks);
}
