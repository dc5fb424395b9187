import iconv from 'iconv-lite';

/** A file that begins with one of these is in that encoding, whatever the caller says. */
const BYTE_ORDER_MARKS: readonly [encoding: string, mark: Buffer][] = [
  ['utf-8', Buffer.of(0xef, 0xbb, 0xbf)],
  ['utf-16le', Buffer.of(0xff, 0xfe)],
  ['utf-16be', Buffer.of(0xfe, 0xff)],
];
const LONGEST_MARK = 3;

export const isEncoding = (name: string): boolean => iconv.encodingExists(name);

const isUtf8 = (encoding: string): boolean => /^utf-?8$/i.test(encoding);

/** Tells whether bytes are UTF-8 and more than ASCII, piece by piece. */
class Utf8Watch {
  readonly #decoder = new TextDecoder('utf-8', { fatal: true });
  #valid = true;
  #beyondAscii = false;

  write(bytes: Uint8Array): void {
    if (!this.#valid) return;
    this.#beyondAscii ||= bytes.some((byte) => byte > 0x7f);
    try {
      this.#decoder.decode(bytes, { stream: true });
    } catch {
      this.#valid = false;
    }
  }

  /** Call this at the end. */
  get holds(): boolean {
    if (!this.#valid || !this.#beyondAscii) return false;
    try {
      this.#decoder.decode();
      return true;
    } catch {
      return false;
    }
  }
}

/**
 * Text from the bytes of a file, piece by piece. Two files of one company often differ here, as spreadsheets export them:
 * one with a byte order mark, one without. A mark decides the encoding of its file, and is removed.
 */
export class ListDecoder {
  #head = Buffer.alloc(0);
  #utf8: Utf8Watch | null = null;
  #decoder: ReturnType<typeof iconv.getDecoder> | undefined;

  /** `encoding` is that of a file without a mark. */
  constructor(public encoding: string) {}

  /**
   * The file was read as another encoding although it is UTF-8 beyond ASCII: hardly any other text is by chance, and read as
   * the other one its names would match nothing.
   */
  get isUtf8AfterAll(): boolean {
    return this.#utf8?.holds ?? false;
  }

  write(bytes: Uint8Array): string {
    if (this.#decoder) this.#utf8?.write(bytes);
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
    if (marked === undefined && !isUtf8(this.encoding)) {
      this.#utf8 = new Utf8Watch();
      this.#utf8.write(this.#head);
    }
    this.#decoder = iconv.getDecoder(this.encoding);
    return this.#decoder.write(this.#head);
  }
}
