import { readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import { blake3 } from 'hash-wasm';
import type { ListName, ListRow, IdScheme } from '@cap/lists';
import { commit, fieldDigest, openingLeaf, openRow } from './merkle-blake3.js';

/** examples/vectors/commitment-*.json: rows in leaf order with fixed salts, and every hash on the way to the root. */
interface Vector {
  scheme: 'merkle-blake3.v3';
  list: ListName;
  id_scheme: IdScheme;
  unicode: string;
  countries: string;
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

const FIELDS = {
  suppliers: ['audit_date', 'due_diligence', 'id', 'jurisdiction', 'name', 'tier'],
  ubos: ['birthdate', 'citizenship', 'id', 'name'],
};

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
  const { scheme, list, id_scheme, unicode, countries, leaves, count, root } = vector(name);

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
      const parts = FIELDS[list].flatMap((field) => [
        Buffer.from([field.length]),
        field,
        digests[names.indexOf(field)] ?? Buffer.alloc(32),
      ]);
      hashes.push(await hash('cap.leaf.v3', raw(leaf_salt), ...parts));
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
      expect(committed.commitment).toEqual({ list, scheme, id_scheme, unicode, countries, root, count });
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
        expect(text(openingLeaf(list, opening))).toBe(leaf);
      }
    });
  });
});

describe('a leaf', () => {
  const [yes, no] = [true, false].map((value) => ({ value, salt: `0x${(value ? '11' : '22').repeat(16)}` }));
  const digest = ({ value, salt }: { value: boolean; salt: string }): `0x${string}` =>
    `0x${fieldDigest('due_diligence', value, salt).toString('hex')}`;
  const about = { index: 0, leaf_salt: `0x${'00'.repeat(16)}` };

  it('fixes which field a hidden digest belongs to, so no field opens to two values', () => {
    // In the order of their names both openings show the same digests.
    const one = { ...about, fields: { due_diligence: yes! }, hidden: { id: digest(no!) } };
    const other = { ...about, fields: { due_diligence: no! }, hidden: { audit_date: digest(yes!) } };
    expect(text(openingLeaf('suppliers', one))).not.toBe(text(openingLeaf('suppliers', other)));
  });

  it('has no room for what is no field of the list', () => {
    const opening = { ...about, fields: {}, hidden: { birthdate: digest(yes!) } };
    expect(() => openingLeaf('suppliers', opening)).toThrow('no field birthdate');
  });
});
