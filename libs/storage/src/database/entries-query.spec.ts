import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import Database from 'better-sqlite3';
import type { EntryFilter, EntryRecord } from '@cap/contracts';
import { DataDirectory, digestOf, entryOf, put, type WholeRegistry } from '../data.fixture.js';
import { embeddedIt } from '../profile.fixture.js';
import { entriesQuery } from './entries-query.js';

const DAY_MS = 24 * 3_600_000;
const COUNT = 60;
const KID = '00112233445566778899aabbccddeeff';

let place: DataDirectory;
let data: WholeRegistry;
let all: EntryRecord[];
beforeAll(async () => {
  place = await DataDirectory.make();
  data = await place.open();
  const { blob_id } = await put(data, 'bundle');
  for (let i = 0; i < COUNT; i++) {
    const bundle = i % 3 === 0 ? (await put(data, `bundle ${i}`)).blob_id : blob_id;
    const result = (['ok', 'warn', 'fail'] as const)[i % 3]!;
    const company = `Company ${i % 4}`;
    const more = { report_hash: digestOf(`report ${i}`), result, company, policy_hash: digestOf(`policy ${i % 2}`) };
    await data.store.registerEntry(entryOf(bundle, { ...more, signer_kid: i % 5 === 0 ? KID : null }));
    // Back a day now and then, as a clock may be set.
    place.clock = new Date(place.clock.getTime() + (i % 20 === 19 ? -DAY_MS : 60_000));
  }
  all = (await data.store.listEntries({ limit: 1_000 })).items;
});
afterAll(() => place.remove());

async function everyPage(filter: EntryFilter, limit: number): Promise<EntryRecord[]> {
  const found: EntryRecord[] = [];
  for (let cursor: string | undefined; ;) {
    const page = await data.store.listEntries({ limit, cursor }, filter);
    found.push(...page.items);
    if (page.next_cursor === null) return found;
    cursor = page.next_cursor;
  }
}

const matches = (entry: EntryRecord, filter: EntryFilter) =>
  Object.entries(filter).every(([name, value]) => {
    if (name === 'bundle_prefix') return entry.bundle_id.startsWith(value as string);
    if (name === 'from') return entry.registered_at >= value;
    if (name === 'to') return entry.registered_at < value;
    return entry[name as keyof EntryRecord] === value;
  });

const some = () => all[3]!;
const FILTERS: [name: string, filter: () => EntryFilter, plan: string, sorted?: boolean][] = [
  ['no filter', () => ({}), 'INTEGER PRIMARY KEY'],
  ['bundle_id', () => ({ bundle_id: some().bundle_id }), 'entries_by_bundle_id'],
  ['one digit of it', () => ({ bundle_prefix: some().bundle_id.slice(0, 3) }), 'INTEGER PRIMARY KEY'],
  ['more digits of it', () => ({ bundle_prefix: some().bundle_id.slice(0, 6) }), 'entries_by_bundle_id', true],
  ['policy_hash', () => ({ policy_hash: some().policy_hash! }), 'entries_by_policy_hash'],
  ['signer_kid', () => ({ signer_kid: KID }), 'entries_by_signer_kid'],
  ['company', () => ({ company: 'Company 3' }), 'entries_by_company'],
  ['result', () => ({ result: 'fail' }), 'entries_by_result'],
  ['from', () => ({ from: some().registered_at }), 'entries_by_registered_at'],
  ['to', () => ({ to: some().registered_at }), 'entries_by_registered_at'],
  ['result and from', () => ({ result: 'ok', from: some().registered_at }), 'entries_by_registered_at'],
  [
    'policy_hash and to',
    () => ({ policy_hash: some().policy_hash!, to: all[30]!.registered_at }),
    'entries_by_registered_at',
  ],
  ['company and result', () => ({ company: 'Company 1', result: 'warn' }), 'entries_by_company'],
  ['company and from', () => ({ company: 'Company 1', from: some().registered_at }), 'entries_by_company', true],
];

describe('pages of entries', () => {
  it.each(FILTERS)('%s: every match once, whatever the size of the page', async (_name, filter) => {
    const expected = all.filter((entry) => matches(entry, filter()));
    expect(expected.length).toBeGreaterThan(0);
    for (const limit of [1, 7, 1_000]) {
      const found = await everyPage(filter(), limit);
      expect(new Set(found.map((entry) => entry.log_index))).toEqual(new Set(expected.map((entry) => entry.log_index)));
      expect(found).toHaveLength(expected.length);
      const { from, to } = filter();
      const order = found.map((entry) =>
        from === undefined && to === undefined ? entry.log_index : Date.parse(entry.registered_at),
      );
      expect(order).toEqual([...order].sort((a, b) => a - b));
    }
  });

  // SQLite has no statistics here: a plan for sixty entries is that for a million.
  embeddedIt.each(FILTERS)('%s is read off one index (embedded)', (_name, filter, index, sorted = false) => {
    const db = new Database(place.at('registry.db'), { readonly: true });
    try {
      for (const cursor of [undefined, (filter().from ?? filter().to) ? timeCursorOf(some()) : '']) {
        const page = { limit: 100, ...(cursor ? { cursor } : {}) };
        const { sql, values } = entriesQuery(page, filter());
        const steps = (db.prepare(`EXPLAIN QUERY PLAN ${sql}`).all(...values) as { detail: string }[]).map(
          (step) => step.detail,
        );
        expect(steps[0]).toMatch(new RegExp(`^SEARCH entries USING (COVERING )?(INDEX )?${index}`));
        expect(steps.some((step) => step.includes('TEMP B-TREE'))).toBe(sorted);
      }
    } finally {
      db.close();
    }
  });

  it('a cursor of another order is refused', async () => {
    const { next_cursor } = await data.store.listEntries({ limit: 1 });
    const other = data.store.listEntries({ limit: 1, cursor: next_cursor! }, { from: some().registered_at });
    await expect(other).rejects.toMatchObject({ code: 'request.schema' });
  });
});

const timeCursorOf = ({ registered_at, log_index }: EntryRecord) =>
  Buffer.from(`${registered_at},${log_index}`).toString('base64url');
