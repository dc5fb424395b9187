import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { chainFault } from '@cap/tlog';
import { TestRegistry } from '../registry.fixture.js';

let registry: TestRegistry;
beforeAll(async () => {
  registry = await TestRegistry.start();
});
afterAll(() => registry.stop());

const append = (body: object) => registry.as('backup').post('/v1/events', body);

describe('events', () => {
  it('takes the result of a drill and chains it', async () => {
    for (let i = 0; i < 5; i++) {
      const appended = await append({
        event: 'backup.drill',
        details: { archive: `backup_${i}.tar.gz`, log_size: i, ok: true },
      });
      expect(appended.status).toBe(201);
      expect(appended.body.seq).toBe(i);
    }
    const first = (await registry.as('operator').get('/v1/events?limit=3')).body;
    expect(first).toMatchObject({ next_from: 3, log_size: 5 });
    const second = (await registry.as('operator').get('/v1/events?from=3&limit=3')).body;
    expect(second.next_from).toBeNull();
    const log = [...first.items, ...second.items];
    expect(log).toHaveLength(5);
    log.forEach((event, i) => expect(chainFault(log[i - 1] ?? null, event)).toBeNull());
    expect((await registry.as('operator').get('/v1/events?from=5')).body).toEqual({
      items: [],
      next_from: null,
      log_size: 5,
    });
  });

  it.each([
    ['an event of another kind', { event: 'entry.registered', details: {} }],
    ['nested details', { event: 'backup.drill', details: { a: { b: 1 } } }],
    ['a long text', { event: 'backup.drill', details: { a: 'x'.repeat(201) } }],
    ['a fraction', { event: 'backup.drill', details: { a: 0.5 } }],
    [
      'too many details',
      { event: 'backup.drill', details: Object.fromEntries(Array.from({ length: 33 }, (_, i) => [`a${i}`, i])) },
    ],
    ['no details', { event: 'backup.drill' }],
  ])('refuses %s', async (_name, body) => {
    expect((await append(body)).body.code).toBe('request.schema');
  });

  it('refuses a from that is no sequence number', async () => {
    for (const query of ['from=-1', 'from=x', 'from=1.5', 'limit=0'])
      expect((await registry.as('operator').get(`/v1/events?${query}`)).body.code).toBe('request.schema');
  });

  it('are each for one client to say', async () => {
    const backup = { event: 'backup.drill', details: { ok: true } };
    const legacy = { event: 'legacy.entry', details: { legacy_id: 'a' } };
    for (const [client, event] of [
      ['operator', backup],
      ['backup', legacy],
    ] as const)
      expect((await registry.as(client).post('/v1/events', event)).body).toMatchObject({
        status: 403,
        code: 'auth.scope',
      });
    expect((await registry.as('operator').post('/v1/events', legacy)).body).toMatchObject(legacy);
  });
});
