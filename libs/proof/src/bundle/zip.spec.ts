import { Readable } from 'node:stream';
import { deflateRawSync } from 'node:zlib';
import { describe, expect, it, jest } from '@jest/globals';
import yauzl from 'yauzl';
import yazl from 'yazl';
import { DEFAULT_BUNDLE_LIMITS } from './bundle.js';
import { readBundle } from './read.js';
import { rawZip, type RawEntry, type RawZip } from './zip.fixture.js';
import { writeZip } from './zip-writer.js';

const META: RawEntry = { name: '_meta.json', content: '{"schema":"cap-bundle.v3"}' };
const withMeta = (...entries: RawEntry[]) => rawZip([META, ...entries]);
const file = (name: string | Buffer, more: Partial<RawEntry> = {}): RawEntry => ({
  name,
  content: 'some content',
  ...more,
});
const around = (zip: RawZip) => rawZip([META, file('a.txt')], zip);
const u16 = (...values: number[]) => Buffer.from(values.flatMap((value) => [value & 255, value >> 8]));

const codeOf = async (bytes: Uint8Array, limits = DEFAULT_BUNDLE_LIMITS) => {
  try {
    await readBundle(bytes, { limits });
    return 'read';
  } catch (error) {
    return `${(error as { code: string }).code}: ${(error as Error).message}`;
  }
};

describe('a zip that is accepted', () => {
  it.each([
    ['deflated', withMeta(file('a.txt'))],
    ['stored', withMeta(file('a.txt', { header: { method: 0 } }))],
    ['empty file', withMeta(file('a.txt', { content: '' }))],
    ['empty stored file', withMeta(file('a.txt', { content: '', header: { method: 0 } }))],
    ['streamed, with descriptor signature', withMeta(file('a.txt', { descriptor: 'signed' }))],
    ['streamed, without descriptor signature', withMeta(file('a.txt', { descriptor: 'plain' }))],
    [
      'Unix time stamps as extra field',
      withMeta(file('a.txt', { header: { extra: Buffer.concat([u16(0x5455, 1), Buffer.from([0])]) } })),
    ],
    [
      'with an entry for a directory',
      withMeta(
        { name: 'reference/', content: '', central: { externalAttributes: 0o040755 * 0x10000 } },
        file('reference/a.csv'),
      ),
    ],
    ['no Unix mode', withMeta(file('a.txt', { central: { externalAttributes: 0 } }))],
  ])('%s', async (_, bytes) => {
    const { files } = await readBundle(bytes);
    const [name] = [...files.keys()].filter((name) => name !== '_meta.json');
    expect(['', 'some content']).toContain(files.get(name!)!.toString());
    expect(files.get('_meta.json')!.toString()).toBe(META.content);
  });

  it('gives each file its own contents, whatever the order of the directory', async () => {
    const { files } = await readBundle(withMeta(file('b.txt', { content: 'B' }), file('a.txt', { content: 'A' })));
    expect(files.get('a.txt')!.toString()).toBe('A');
    expect(files.get('b.txt')!.toString()).toBe('B');
  });
});

const zip64 = Buffer.concat([u16(0x0001, 16), Buffer.alloc(16)]);
const second = (bytes: Buffer, place: number) => {
  const changed = Buffer.from(bytes);
  changed[place]! ^= 0x01;
  return changed;
};
const plain = withMeta(file('a.txt', { content: 'x'.repeat(50), header: { method: 0 } }));

describe('a zip that can not be read', () => {
  it.each<[string, Buffer, RegExp]>([
    ['nothing', Buffer.alloc(0), /not a zip/],
    ['text', Buffer.from('not a zip at all, but longer than an end record'), /not a zip/],
    ['no _meta.json', rawZip([file('a.txt')]), /no _meta.json/],
    ['no entry', rawZip([]), /no _meta.json/],
    ['_meta.json is not JSON', rawZip([file('_meta.json')]), /_meta.json/],
    [
      '_meta.json is not UTF-8',
      rawZip([file('_meta.json', { content: Buffer.from('{"a":"\xff"}', 'latin1') })]),
      /not UTF-8/,
    ],
    ['_meta.json with __proto__', rawZip([file('_meta.json', { content: '{"__proto__":{}}' })]), /__proto__/],
    ['..', withMeta(file('../a.txt')), /\.\./],
    ['.. inside', withMeta(file('a/../../b')), /\.\./],
    ['.', withMeta(file('./manifest.json')), /segment/],
    ['empty segment', withMeta(file('a//b')), /segment/],
    ['absolute', withMeta(file('/etc/passwd')), /absolute/],
    ['backslash', withMeta(file('a\\b')), /backslash/],
    ['drive', withMeta(file('C:evil')), /drive/],
    ['empty name', withMeta(file('')), /empty/],
    ['NUL in the name', withMeta(file('a\0.txt')), /control/],
    ['long name', withMeta(file('a'.repeat(256))), /255 bytes/],
    ['name not UTF-8', withMeta(file(Buffer.from([0x61, 0xff]))), /UTF-8/],
    ['name not marked as UTF-8', withMeta(file('ä.txt', { header: { flags: 0 } })), /UTF-8/],
    ['symbolic link', withMeta(file('a', { central: { externalAttributes: 0o120777 * 0x10000 } })), /symbolic link/],
    ['device', withMeta(file('a', { central: { externalAttributes: 0o060644 * 0x10000 } })), /regular/],
    ['duplicate', withMeta(file('a'), file('a')), /several entries/],
    ['duplicate but for case', withMeta(file('a'), file('A')), /several entries/],
    [
      'duplicate but for Unicode form',
      withMeta(file('ä'.normalize('NFC')), file('ä'.normalize('NFD'))),
      /several entries/,
    ],
    [
      'file and directory of one name',
      withMeta(file('a'), { name: 'a/', content: '', central: { externalAttributes: 0 } }),
      /several entries/,
    ],
    ['two _meta.json', withMeta(META), /several entries/],
    ['directory with contents', withMeta(file('a/', { central: { externalAttributes: 0 } })), /contents/],
    ['encrypted', withMeta(file('a', { header: { flags: 0x801 } })), /encrypted/],
    ['strongly encrypted', withMeta(file('a', { header: { flags: 0x840 } })), /encrypted/],
    ['masked headers', withMeta(file('a', { header: { flags: 0x2800 } })), /encrypted/],
    ['patched data', withMeta(file('a', { header: { flags: 0x820 } })), /flags/],
    ['bzip2', withMeta(file('a', { header: { method: 12 } })), /method 12/],
    ['data before', around({ before: Buffer.from('MZ') }), /belong to no entry/],
    [
      'data before, offsets left',
      around({ before: Buffer.from('MZ'), end: { directoryOffset: 0 } }),
      /data before|no entry|not there/,
    ],
    ['data after', around({ after: Buffer.from('x') }), /after the end/],
    ['a second zip after', around({ after: rawZip([META]) }), /no entry|data before/],
    ['comment', around({ comment: 'hello' }), /comment/],
    ['comment announced only', around({ end: { commentLength: 5 } }), /comment/],
    ['data between entries', withMeta(file('a', { gap: Buffer.from('gap') })), /belong to no entry/],
    ['data before the directory', around({ beforeDirectory: Buffer.from('gap') }), /belong to no entry/],
    ['data after the directory', around({ beforeEnd: Buffer.from('gap') }), /data/],
    ['directory beyond the end', around({ end: { directorySize: 5_000 } }), /beyond/],
    ['more entries announced', around({ end: { count: 3 } }), /not there/],
    ['fewer entries announced', around({ end: { count: 1 } }), /data between|too large/],
    ['two numbers of entries', around({ end: { diskCount: 1, count: 2 } }), /two different numbers/],
    ['split over volumes', around({ end: { disk: 1 } }), /volumes/],
    ['entry on another volume', withMeta(file('a', { central: { disk: 1 } })), /volume/],
    ['entry comment', withMeta(file('a', { central: { comment: 'hi' } })), /comment/],
    ['overlapping entries', withMeta(file('a'), file('b', { central: { localOffset: 0 } })), /overlaps|disagree/],
    [
      'one local header for two',
      rawZip([META, file('a', { central: { localOffset: 0, name: 'a' } })]),
      /overlaps|disagree/,
    ],
    ['no local header there', withMeta(file('a', { central: { localOffset: 1 } })), /overlaps|no local header/],
    ['local name differs', withMeta(file('a', { local: { name: 'b' } })), /disagree about the name/],
    ['local name longer', withMeta(file('a', { local: { name: 'ab' } })), /disagree about the name/],
    ['local version differs', withMeta(file('a', { local: { version: 10 } })), /disagree about the version/],
    ['local flags differ', withMeta(file('a', { local: { flags: 0x802 } })), /disagree about the flags/],
    ['local method differs', withMeta(file('a', { local: { method: 0 } })), /disagree about the method/],
    ['local time differs', withMeta(file('a', { local: { time: 1 } })), /disagree about the time/],
    ['local CRC differs', withMeta(file('a', { local: { crc: 1 } })), /disagree about the CRC/],
    ['local size differs', withMeta(file('a', { local: { size: 1 } })), /disagree about the CRC/],
    [
      'zero sums without a descriptor',
      withMeta(file('a', { local: { crc: 0, size: 0, compressedSize: 0 } })),
      /disagree/,
    ],
    ['descriptor differs', second(withMeta(file('a', { descriptor: 'signed' })), descriptorPlace()), /descriptor/],
    ['descriptor announced, not there', withMeta(file('a', { header: { flags: 0x808 } })), /descriptor|directory/],
    ['zip64 sizes', withMeta(file('a', { header: { extra: zip64 } })), /zip64/],
    ['zip64 sizes in the local header only', withMeta(file('a', { local: { extra: zip64 } })), /zip64/],
    ['zip64 locator', around({ beforeEnd: Buffer.concat([Buffer.from('PK\x06\x07'), Buffer.alloc(16)]) }), /zip64/],
    ['Unicode name as extra field', withMeta(file('a', { header: { extra: u16(0x7075, 0) } })), /second name/],
    ['broken extra field', withMeta(file('a', { header: { extra: u16(0x5455, 9) } })), /broken extra/],
    [
      'huge extra field',
      withMeta(file('a', { header: { extra: Buffer.concat([u16(0x5455, 2_000), Buffer.alloc(2_000)]) } })),
      /extra fields|too large/,
    ],
    ['wrong CRC', second(plain, plain.indexOf('xxxx')), /CRC/],
    ['CRC wrong in both headers', withMeta(file('a', { header: { crc: 5 } })), /CRC/],
    ['more bytes than declared', withMeta(file('a', { header: { size: 3 } })), /more than the 3 bytes/],
    ['fewer bytes than declared', withMeta(file('a', { header: { size: 30 } })), /unpacks to 12 bytes/],
    ['stored sizes differ', withMeta(file('a', { header: { method: 0, size: 3 } })), /sizes differ/],
    [
      'data after the deflated bytes',
      withMeta(file('a', { packed: Buffer.concat([deflateRawSync('some content'), Buffer.from('tail')]) })),
      /after the end of its deflated/,
    ],
    [
      'deflated bytes cut off',
      withMeta(file('a', { packed: deflateRawSync('some content').subarray(0, 4) })),
      /broken deflated/,
    ],
    ['not deflated at all', withMeta(file('a', { packed: Buffer.from([0xff, 0xff, 0xff, 0xff]) })), /broken deflated/],
    [
      'compressed size into the directory',
      withMeta(file('a', { header: { compressedSize: 1_000 } })),
      /into the directory/,
    ],
  ])('%s', async (_, bytes, message) => {
    const outcome = await codeOf(bytes);
    expect(outcome).toMatch(/^bundle\.unreadable: /);
    expect(outcome).toMatch(message);
  });

  function descriptorPlace(): number {
    const bytes = withMeta(file('a', { descriptor: 'signed' }));
    return bytes.indexOf(Buffer.from('PK\x07\x08')) + 4;
  }
});

describe('limits', () => {
  const limits = { bundleBytes: 10_000, entries: 3, unpackedBytes: 2_000, ratio: 100 };
  it.each<[string, Buffer]>([
    ['zip too large', withMeta(file('a', { content: Buffer.alloc(10_000), header: { method: 0 } }))],
    ['too many entries', withMeta(file('a'), file('b'), file('c'))],
    ['too many announced', around({ end: { count: 65_535 } })],
    ['too much unpacked', withMeta(file('a', { content: Buffer.alloc(2_000), header: { method: 0 } }))],
    [
      'too much unpacked in all',
      withMeta(
        file('a', { content: Buffer.alloc(1_000), header: { method: 0 } }),
        file('b', { content: Buffer.alloc(990), header: { method: 0 } }),
      ),
    ],
    ['ratio', withMeta(file('a', { content: Buffer.alloc(1_900) }))],
    ['declared as 4 GB', withMeta(file('a', { header: { size: 0xffff_ffff } }))],
    ['contents out of no bytes', withMeta(file('a', { packed: Buffer.alloc(0) }))],
  ])('%s', async (_, bytes) => {
    expect(await codeOf(bytes, limits)).toMatch(/^bundle\.limit: /);
  });

  it('are not reached by what stays below them', async () => {
    expect(await codeOf(withMeta(file('a'), file('b')), limits)).toBe('read');
  });

  it('stop a bomb that lies about its size without unfolding it', async () => {
    const bomb = deflateRawSync(Buffer.alloc(300_000_000));
    const before = process.memoryUsage().rss;
    const lying = withMeta(file('a', { packed: bomb, header: { size: 100 } }));
    expect(await codeOf(lying)).toMatch(/^bundle\.unreadable: .* more than the 100 bytes/);
    expect(process.memoryUsage().rss - before).toBeLessThan(64_000_000);
  });
});

describe('writeZip', () => {
  const files = [
    { name: '_meta.json', bytes: Buffer.from('{"schema":"cap-bundle.v3"}') },
    { name: 'zeros.txt', bytes: Buffer.alloc(100_000) },
    { name: 'reference/ä.csv', bytes: Buffer.from('name\n'.repeat(40)) },
  ];

  it('is read back with the same contents, also where deflating would look like a bomb', async () => {
    const bundle = await readBundle(writeZip(files, new Date('2026-01-15T10:00:00Z')));
    for (const { name, bytes } of files) expect(bundle.files.get(name)).toEqual(bytes);
  });

  it('does not depend on the time zone', () => {
    const bytes = writeZip(files, new Date('2026-03-29T01:30:00Z'));
    const elsewhere = (['getFullYear', 'getMonth', 'getDate', 'getHours', 'getMinutes'] as const).map((local) =>
      jest.spyOn(Date.prototype, local).mockReturnValue(3),
    );
    expect(writeZip(files, new Date('2026-03-29T01:30:00Z'))).toEqual(bytes);
    elsewhere.forEach((spy) => spy.mockRestore());
  });

  it('writes the time in UTC, in two-second steps', () => {
    const bytes = writeZip(files, new Date('2026-01-15T10:21:43Z'));
    expect(bytes.readUInt16LE(10)).toBe((10 << 11) | (21 << 5) | 21);
    expect(bytes.readUInt16LE(12)).toBe((46 << 9) | (1 << 5) | 15);
  });

  it('is understood by another reader', async () => {
    const zip = await yauzl.fromBufferPromise(writeZip(files, new Date('2026-01-15T10:00:00Z')));
    const found: [string, Buffer, number][] = [];
    for await (const entry of zip.eachEntry()) {
      const content = Buffer.concat(await (await zip.openReadStreamPromise(entry)).toArray());
      found.push([entry.fileName, content, entry.externalFileAttributes >>> 16]);
    }
    expect(found).toEqual(files.map(({ name, bytes }) => [name, bytes, 0o100644]));
  });
});

describe('readBundle', () => {
  it('understands another writer, streamed entries included', async () => {
    const zip = new yazl.ZipFile();
    zip.addBuffer(Buffer.from('{"schema":"cap-bundle.v3"}'), '_meta.json');
    zip.addReadStream(Readable.from(Buffer.from('streamed')), 'README.txt');
    zip.end();
    const { files } = await readBundle(Buffer.concat(await Readable.from(zip.outputStream).toArray()));
    expect(files.get('README.txt')!.toString()).toBe('streamed');
  });
});
