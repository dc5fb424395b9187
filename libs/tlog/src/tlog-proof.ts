import { strictBase64 } from '@cap/crypto';
import { CapError } from '@cap/core';
import { parseCheckpoint, parseDecimal, parseTreeHash, type SignedCheckpoint } from './checkpoint.js';
import { decodeText, formatNote } from './note.js';
import { MAX_TREE_SIZE } from './tree.js';

/** C2SP tlog-proof (c2sp.org/tlog-proof): that a leaf is in a log, as one text file, usually `*.tlog-proof`. */
interface TlogProof {
  /** Opaque; nothing vouches for it. Ours is the leaf itself. */
  extra: Buffer | null;
  /** The leaf's index, below the size of the checkpoint. */
  index: number;
  /** Hashes from the leaf's sibling up; 32 bytes each. */
  inclusionProof: Buffer[];
  checkpoint: SignedCheckpoint;
}

const FIRST_LINE = 'c2sp.org/tlog-proof@v1';

/** A path in a tree of at most 2^52 leaves. */
export const MAX_PROOF_HASHES = 52;

/**
 * Reads a tlog-proof; verifies nothing. There is one spelling: formatTlogProof gives the same text again. Throws CapError
 * `tlog-proof.malformed` (or `note.malformed`, `checkpoint.malformed` for the part after the blank line), whose message
 * starts with `place`.
 */
export function parseTlogProof(input: string | Uint8Array, place = 'tlog-proof'): TlogProof {
  const refuse = (why: string): never => {
    throw new CapError('tlog-proof.malformed', `${place}: ${why}`);
  };
  const text = typeof input === 'string' ? input : decodeText(input, 'tlog-proof.malformed', place);
  const blank = text.indexOf('\n\n');
  if (blank === -1) refuse('no blank line before the checkpoint');
  const [first, ...lines] = text.slice(0, blank).split('\n');
  if (first !== FIRST_LINE) refuse(`line 1 is not ${FIRST_LINE}`);
  const extra = lines[0]?.startsWith('extra ') ? parseExtra(lines.shift()!, place) : null;
  const indexLine = lines.shift() ?? '';
  const index = indexLine.startsWith('index ') ? parseDecimal(indexLine.slice('index '.length), MAX_TREE_SIZE) : null;
  if (index === null) return refuse('expected a line "index N"');
  if (lines.length > MAX_PROOF_HASHES) refuse(`more than ${MAX_PROOF_HASHES} hashes`);
  const inclusionProof = lines.map((line, i) =>
    parseTreeHash(line, 'tlog-proof.malformed', `${place}: proof hash ${i + 1}`),
  );
  const checkpoint = parseCheckpoint(text.slice(blank + 2), `${place}: checkpoint`);
  if (index >= checkpoint.size) refuse(`index ${index} in a tree of ${checkpoint.size}`);
  return { extra, index, inclusionProof, checkpoint };
}

function parseExtra(line: string, place: string): Buffer {
  let extra: Buffer;
  try {
    extra = strictBase64(line.slice('extra '.length), `${place}: extra`);
  } catch (cause) {
    throw new CapError('tlog-proof.malformed', (cause as Error).message, { cause });
  }
  if (extra.length === 0)
    throw new CapError('tlog-proof.malformed', `${place}: extra is empty; without extra data the line is left out`);
  return extra;
}

/** The text of the file. */
export function formatTlogProof({ extra, index, inclusionProof, checkpoint }: TlogProof): string {
  return [
    FIRST_LINE,
    ...(extra === null ? [] : [`extra ${extra.toString('base64')}`]),
    `index ${index}`,
    ...inclusionProof.map((hash) => hash.toString('base64')),
    '',
    formatNote(checkpoint.note),
  ].join('\n');
}
