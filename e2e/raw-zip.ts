import { deflateRawSync } from 'node:zlib';

export interface RawEntry {
  name: string;
  bytes?: Buffer;
  /** Overrides of the local header or the directory entry. */
  method?: number;
  flags?: number;
  size?: number;
  crc?: number;
  mode?: number;
  localName?: string;
  /** Points at the local header of the entry before it. */
  overlaps?: boolean;
}

/** A zip as no honest writer makes it. */
export function rawZip(entries: RawEntry[], { leading = '', trailing = '', comment = '' } = {}): Buffer {
  const parts: Uint8Array[] = [Buffer.from(leading)];
  const directory: Uint8Array[] = [];
  let offset = leading.length;
  let before = offset;
  for (const {
    name,
    bytes = Buffer.alloc(0),
    method = 8,
    flags = 0,
    size,
    crc,
    mode = 0o100644,
    localName,
    overlaps,
  } of entries) {
    const data = method === 8 ? deflateRawSync(bytes) : bytes;
    const tail = (label: string) => {
      const encoded = Buffer.from(label);
      const header = Buffer.alloc(26);
      header.writeUInt16LE(20, 0);
      header.writeUInt16LE(flags, 2);
      header.writeUInt16LE(method, 4);
      header.writeUInt32LE(0x00210000, 6);
      header.writeUInt32LE(crc ?? crc32(bytes), 10);
      header.writeUInt32LE(data.length, 14);
      header.writeUInt32LE(size ?? bytes.length, 18);
      header.writeUInt16LE(encoded.length, 22);
      return { header, encoded };
    };
    const local = tail(localName ?? name);
    const localHeader = Buffer.concat([Buffer.from('PK\x03\x04'), local.header, local.encoded]);
    const central = tail(name);
    const rest = Buffer.alloc(14);
    rest.writeUInt32LE((mode << 16) >>> 0, 6);
    rest.writeUInt32LE(overlaps ? before : offset, 10);
    directory.push(Buffer.concat([Buffer.from('PK\x01\x02\x14\x03', 'latin1'), central.header, rest, central.encoded]));
    parts.push(localHeader, data);
    before = offset;
    offset += localHeader.length + data.length;
  }
  const central = Buffer.concat(directory);
  const end = Buffer.alloc(18);
  end.writeUInt16LE(entries.length, 4);
  end.writeUInt16LE(entries.length, 6);
  end.writeUInt32LE(central.length, 8);
  end.writeUInt32LE(offset, 12);
  end.writeUInt16LE(comment.length, 16);
  return Buffer.concat([...parts, central, Buffer.from('PK\x05\x06'), end, Buffer.from(comment + trailing)]);
}
const crc32 = (bytes: Uint8Array) => {
  let crc = ~0;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) crc = (crc >>> 1) ^ (0xedb88320 & -(crc & 1));
  }
  return ~crc >>> 0;
};
