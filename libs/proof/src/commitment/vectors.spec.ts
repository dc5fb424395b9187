import { readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import { blake3 } from 'hash-wasm';
import { type ListName, type ListRow } from '../lists/rows.js';
import { type IdScheme } from '@cap/policy';
import { commit, openingLeaf, openRow } from './merkle-blake3.js';

/** examples/vectors/commitment-*.json: rows in leaf order with fixed salts, and every hash on the way to the root. */
interface Vector {
  scheme: 'merkle-blake3.v3';
  list: ListName;
  id_scheme: IdScheme;
  leaves: {
    row: ListRow;
    leaf_salt: string;
    field_salts: Record<string, string>;
    field_digests: Record<string, string>;
    leaf: string;
  }[];
  count: number;
  root: string;
}
const vector = (name: string): Vector =>
  JSON.parse(readFileSync(new URL(`../../../../examples/vectors/commitment-${name}.json`, import.meta.url), 'utf8'));

// The scheme once more, written from its description with nothing of ours: bytes are concatenated and hashed.
const hash = async (...parts: (string | Buffer)[]) =>
  Buffer.from(await blake3(Buffer.concat(parts.map((part) => Buffer.from(part)))), 'hex');
const raw = (text: string) => Buffer.from(text.slice(2), 'hex');
const text = (bytes: Buffer) => `0x${bytes.toString('hex')}`;
const eightBytes = (n: number) => Buffer.from(n.toString(16).padStart(16, '0'), 'hex');

async function rootOf(leaves: Buffer[]): Promise<Buffer> {
  if (leaves.length === 0) return hash('cap.empty.v2');
  if (leaves.length === 1) return leaves[0]!;
  let left = 1;
  while (left * 2 < leaves.length) left *= 2;
  const right = leaves.length - left;
  return hash(
    'cap.node.v2',
    eightBytes(left),
    await rootOf(leaves.slice(0, left)),
    eightBytes(right),
    await rootOf(leaves.slice(left)),
  );
}

describe.each(['suppliers', 'ubos', 'one-row', 'empty'])('commitment-%s.json', (name) => {
  const { scheme, list, id_scheme, leaves, count, root } = vector(name);

  it('follows the description of the scheme', async () => {
    expect(scheme).toBe('merkle-blake3.v3');
    expect(leaves.length).toBe(count);
    const hashes: Buffer[] = [];
    for (const { row, leaf_salt, field_salts, field_digests, leaf } of leaves) {
      const names = Object.keys(row).sort();
      const digests: Buffer[] = [];
      for (const field of names) {
        const value = row[field as keyof ListRow];
        digests.push(await hash('cap.field.v2', raw(field_salts[field]!), JSON.stringify([field, value])));
      }
      expect(Object.fromEntries(names.map((field, i) => [field, text(digests[i]!)]))).toEqual(field_digests);
      hashes.push(await hash('cap.leaf.v2', raw(leaf_salt), ...digests));
      expect(text(hashes.at(-1)!)).toBe(leaf);
    }
    expect([...hashes].sort(Buffer.compare)).toEqual(hashes);
    expect(text(await rootOf(hashes))).toBe(root);
  });

  it('is what commit gives, whatever the order of the rows', () => {
    for (const order of [leaves, leaves.toReversed()]) {
      const salts = order.map(({ leaf_salt, field_salts }) => ({ leaf_salt, field_salts }));
      const committed = commit(
        list,
        order.map(({ row }) => row),
        id_scheme,
        salts,
      );
      expect(committed.commitment).toEqual({ list, scheme, id_scheme, root, count });
      expect(committed.rows).toEqual(leaves.map(({ row }) => row));
      expect(committed.leaves.map(text)).toEqual(leaves.map(({ leaf }) => leaf));
      expect(committed.secrets.leaves).toEqual(
        leaves.map(({ leaf_salt, field_salts }) => ({ leaf_salt, field_salts })),
      );
    }
  });

  it('opens to the same leaf whichever fields are shown, and hidden digests are the field digests', () => {
    leaves.forEach(({ row, leaf_salt, field_salts, field_digests, leaf }, index) => {
      const names = Object.keys(row).sort();
      for (const shown of [[], [names[0]!], names]) {
        const opening = openRow(row, { leaf_salt, field_salts }, index, new Set(shown));
        expect(Object.keys(opening.fields)).toEqual(shown);
        expect({
          ...opening.hidden,
          ...Object.fromEntries(shown.map((field) => [field, field_digests[field]])),
        }).toEqual(field_digests);
        expect(text(openingLeaf(opening))).toBe(leaf);
      }
    });
  });
});
