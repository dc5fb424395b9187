import iconv from 'iconv-lite';

/** A file that begins with one of these is in that encoding, whatever was said of it. */
const BYTE_ORDER_MARKS: readonly [encoding: string, mark: Buffer][] = [
  ['utf-8', Buffer.of(0xef, 0xbb, 0xbf)],
  ['utf-16le', Buffer.of(0xff, 0xfe)],
  ['utf-16be', Buffer.of(0xfe, 0xff)],
];
const LONGEST_MARK = 3;

export const isEncoding = (name: string): boolean => iconv.encodingExists(name);

/**
 * Text from the bytes of a file, piece by piece. Two files of one company often differ here, as spreadsheets export them:
 * one with a byte order mark, one without. The mark decides for its file and is taken away.
 */
export class ListDecoder {
  #head = Buffer.alloc(0);
  #decoder: ReturnType<typeof iconv.getDecoder> | undefined;

  /** `encoding` is that of a file without a mark. */
  constructor(public encoding: string) {}

  write(bytes: Uint8Array): string {
    if (this.#decoder) return this.#decoder.write(Buffer.from(bytes));
    this.#head = Buffer.concat([this.#head, bytes]);
    return this.#head.length < LONGEST_MARK ? '' : this.#begin();
  }

  end(): string {
    const short = this.#decoder ? '' : this.#begin();
    return short + (this.#decoder!.end() ?? '');
  }

  #begin(): string {
    const [marked] = BYTE_ORDER_MARKS.find(([, mark]) => this.#head.subarray(0, mark.length).equals(mark)) ?? [];
    this.encoding = marked ?? this.encoding;
    this.#decoder = iconv.getDecoder(this.encoding);
    return this.#decoder.write(this.#head);
  }
}
