import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { digestOf, TestRegistry } from '../registry.fixture.js';

let registry: TestRegistry;
beforeAll(async () => {
  registry = await TestRegistry.start({ limits: { json_bytes: 20_000 } });
});
afterAll(() => registry.stop());

const SANCTIONS = 'name,birthdate,nationality,id\nIwan Beispiel,1960-01-01,RU,\nBad Trading Ltd,,KP,\n';
const JURISDICTIONS = 'iso_code,risk_level\nDE,low\nKP,high\n';
const publish = (id: string, kind: string, as_of: string, csv: string) =>
  registry.as('verifier').post('/v1/lists', { id, kind, as_of, content: Buffer.from(csv).toString('base64') });

describe('reference lists', () => {
  it('stores the raw CSV under its SHA3-256 and counts what can not match', async () => {
    const stored = await publish('sanctions', 'sanctions', '2026-01-15', SANCTIONS);
    expect(stored.status).toBe(200);
    expect(stored.body).toMatchObject({
      created: true,
      list: {
        hash: digestOf(SANCTIONS),
        id: 'sanctions',
        as_of: '2026-01-15',
        newest_as_of: '2026-01-15',
        size: SANCTIONS.length,
        entries: 2,
        unmatchable: { id: 2, name: 0, person: 1 },
      },
    });
    expect((await publish('sanctions', 'sanctions', '2026-01-15', SANCTIONS)).body).toEqual({
      ...stored.body,
      created: false,
    });
    expect((await registry.as('verifier').get(`/v1/lists/${digestOf(SANCTIONS)}`)).body).toEqual(stored.body.list);
    const content = await registry.as('verifier').get(`/v1/lists/${digestOf(SANCTIONS)}/content`);
    expect(content.headers['content-type']).toContain('text/csv');
    expect(content.text).toBe(SANCTIONS);
  });

  it('jurisdictions have nothing to match', async () => {
    expect((await publish('jurisdictions', 'jurisdictions', '2026-01-15', JURISDICTIONS)).body.list).toMatchObject({
      entries: 2,
      unmatchable: null,
    });
  });

  it('says how old a list is against the newest of its id', async () => {
    await publish('sanctions', 'sanctions', '2026-02-01', `${SANCTIONS}Third,,DE,\n`);
    expect((await registry.as('verifier').get(`/v1/lists/${digestOf(SANCTIONS)}`)).body.newest_as_of).toBe(
      '2026-02-01',
    );
    const listed = (await registry.as('operator').get('/v1/lists?id=sanctions')).body.items;
    expect(listed.map((list: { as_of: string }) => list.as_of)).toEqual(['2026-01-15', '2026-02-01']);
  });

  it.each([
    ['without an entry', 'name,nationality\n'],
    ['without countries and days of birth', 'name,id\nVor,EX-1\n'],
  ])('refuses a list %s: it would clear everybody', async (_, csv) => {
    const answer = await publish('sanctions', 'sanctions', '2026-01-15', csv);
    expect([answer.status, answer.body.code]).toEqual([422, 'list.empty']);
    expect((await registry.as('verifier').get(`/v1/lists/${digestOf(csv)}`)).status).toBe(404);
  });

  it('refuses a day in the future', async () => {
    const after = (hours: number) => new Date(Date.now() + hours * 3_600_000).toISOString().replace(/\.\d+/, '');
    const csv = `${SANCTIONS}Later,,DE,\n`;
    const answer = await publish('sanctions', 'sanctions', after(25), csv);
    expect([answer.status, answer.body.code]).toEqual([400, 'request.schema']);
    expect(JSON.stringify(answer.body)).toContain('in the future');
    expect((await publish('clock', 'sanctions', after(23), csv)).status).toBe(200);
  });

  it('refuses the same content under another id', async () => {
    const answer = await publish('eu-sanctions', 'sanctions', '2026-01-15', SANCTIONS);
    expect([answer.status, answer.body.code]).toEqual([409, 'list.conflict']);
  });

  it('names every bad row', async () => {
    const answer = await publish(
      'jurisdictions',
      'jurisdictions',
      '2026-01-15',
      'iso_code,risk_level\nXX,low\nDE,enormous\n',
    );
    expect([answer.status, answer.body.code]).toEqual([400, 'list.invalid']);
    expect(answer.body.errors.map((fault: { line: number }) => fault.line)).toEqual([2, 3]);
  });

  it('refuses wrong members, and a body over the limit whatever it says of its length', async () => {
    const good = { id: 'sanctions', kind: 'sanctions', as_of: '2026-01-15', content: 'YQ==' };
    for (const wrong of [
      { id: 'No Name' },
      { kind: 'fishes' },
      { as_of: 'yesterday' },
      { content: '%%%' },
      { more: 1 },
    ]) {
      const answer = await registry.as('verifier').post('/v1/lists', { ...good, ...wrong });
      expect([answer.status, answer.body.code]).toEqual([400, 'request.schema']);
    }
    const large = await registry.as('verifier').post('/v1/lists', { ...good, content: 'A'.repeat(20_000) });
    expect([large.status, large.body.code]).toEqual([413, 'request.too-large']);
  });

  it('withdraws one for good: the first time counts, and its content stays there to be read', async () => {
    const bad = `${SANCTIONS}Wrong,,DE,\n`;
    const hash = digestOf(bad);
    for (const as_of of ['2026-01-15', '2026-03-01']) await publish('bad', 'sanctions', as_of, bad);
    await publish('bad', 'sanctions', '2026-02-01', `${bad}Right,,DE,\n`);
    const withdraw = (reason: string) => registry.as('verifier').post(`/v1/lists/${hash}/withdraw`, { reason });
    const first = await withdraw('one name was wrong');
    expect(first.status).toBe(200);
    expect(first.body).toMatchObject({
      hash,
      withdrawn_at: expect.stringMatching(/^\d{4}-.*Z$/),
      withdrawal_reason: 'one name was wrong',
      newest_as_of: '2026-02-01',
    });
    expect((await withdraw('another reason')).body).toEqual(first.body);
    // Published once more it is the same content, and no better.
    const again = await publish('bad', 'sanctions', '2026-04-01', bad);
    const { withdrawn_at } = first.body;
    expect(again.body).toMatchObject({ created: true, list: { withdrawn_at, newest_as_of: '2026-02-01' } });
    const { items } = (await registry.as('operator').get('/v1/lists?id=bad')).body;
    expect(items.map((list: { withdrawn_at: string | null }) => list.withdrawn_at)).toEqual([
      withdrawn_at,
      withdrawn_at,
      null,
      withdrawn_at,
    ]);
    expect((await registry.as('verifier').get(`/v1/lists/${hash}/content`)).text).toBe(bad);

    const events = (await registry.data.store.listEvents(0, 1000)).filter(({ event }) => event === 'list.withdrawn');
    expect(events).toMatchObject([{ ts: withdrawn_at, details: { hash, id: 'bad' } }]);
    expect(Object.keys(events[0]!.details).sort()).toEqual(['hash', 'id', 'reason_digest']);
    expect(events[0]!.details.reason_digest).not.toBe(digestOf('one name was wrong'));
  });

  it('withdraws only with a reason, and only what is there', async () => {
    const withdraw = (name: string, body: object) => registry.as('verifier').post(`/v1/lists/${name}/withdraw`, body);
    for (const wrong of [{}, { reason: ' ' }, { reason: 'x'.repeat(1001) }, { reason: 7 }, { reason: 'x', more: 1 }])
      expect((await withdraw(digestOf(SANCTIONS), wrong)).body).toMatchObject({ status: 400, code: 'request.schema' });
    expect((await withdraw(digestOf('x'), { reason: 'x' })).body).toMatchObject({ status: 404, code: 'list.unknown' });
    expect((await registry.as('verifier').get(`/v1/lists/${digestOf(SANCTIONS)}`)).body.withdrawn_at).toBeNull();
  });

  it('says that an unknown one is unknown', async () => {
    for (const path of [digestOf('x'), `${digestOf('x')}/content`, 'nonsense'])
      expect((await registry.as('verifier').get(`/v1/lists/${path}`)).body).toMatchObject({
        status: 404,
        code: 'list.unknown',
      });
  });
});
