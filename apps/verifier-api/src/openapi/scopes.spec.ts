import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import request from 'supertest';
import { TestVerifier } from '../verifier.fixture.js';
import { document } from './document.fixture.js';

const operations = Object.entries(document.paths).flatMap(([path, methods]) =>
  Object.entries(methods).map(([method, operation]) => {
    const ways = operation.security.map((scheme) => Object.values(scheme).flat());
    return { method: method as 'get', path, ways, isPublic: ways.length === 0, operation };
  }),
);
const SCOPES = [
  ...new Set(
    operations.flatMap(({ ways, operation }) => [...ways.flat(), ...(operation['x-more-scopes']?.scopes ?? [])]),
  ),
].sort();
/** Every set of scopes. */
const SETS = SCOPES.reduce<string[][]>((sets, scope) => [...sets, ...sets.map((set) => [...set, scope])], [[]]);

let api: TestVerifier;
beforeAll(async () => {
  api = await TestVerifier.start();
});
afterAll(() => api?.stop());

/** Ids that are nobody's: what is asked may fail, but not for want of access. */
const target = (path: string) => path.replaceAll(/\{\w+\}/gu, 'nobody');
const codeOf = async (method: 'get', path: string, scope?: string[]) => {
  const call = scope ? api.as(scope.join(' '))[method](target(path)) : request(api.url)[method](target(path));
  const { status, body } = await call;
  return [status, body.code] as const;
};

it('the document knows the three scopes', () => {
  expect(SCOPES).toEqual(['policy:write', 'registry:write', 'verify:read']);
  expect(operations.filter(({ isPublic }) => isPublic).map(({ path }) => path)).toEqual([
    '/openapi.json',
    '/docs',
    '/healthz',
    '/readyz',
    '/readyz/serving',
    '/metrics',
  ]);
});

describe.each(operations)('$method $path', ({ method, path, ways, isPublic }) => {
  if (isPublic) {
    it('lets everybody in', async () => expect((await codeOf(method, path))[0]).toBe(200));
    return;
  }
  it('wants a token', async () => expect(await codeOf(method, path)).toEqual([401, 'auth.missing']));

  it.each(SETS.map((set) => [set.join(' ') || 'none', set] as const))('with %s', async (_, set) => {
    const call = api.as(set.join(' '));
    const { status, body } = await (method === 'get'
      ? call.get(target(path))
      : (call[method] as typeof call.post)(target(path), {}));
    if (ways.some((way) => way.every((scope) => set.includes(scope)))) expect([401, 403]).not.toContain(status);
    else expect([status, body.code]).toEqual([403, 'auth.scope']);
  });
});

/** A request that needs more than its route, or other scopes, by the document's own words. */
const MORE: Record<string, { when: string; body: object }> = {
  '/verify': {
    when: 'register is true',
    body: { bundle_id: `0x${'0'.repeat(64)}`, options: { register: true } },
  },
  '/policy/v2/compile': { when: 'persist is true', body: { policy: {}, persist: true } },
};

describe('requests that need more or other scopes', () => {
  const conditional = operations.filter(({ operation }) => operation['x-more-scopes']);

  it('are all tried here', () => {
    expect(
      Object.fromEntries(conditional.map(({ path, operation }) => [path, operation['x-more-scopes']!.when])),
    ).toEqual(Object.fromEntries(Object.entries(MORE).map(([path, { when }]) => [path, when])));
  });

  it.each(conditional.flatMap((each) => SETS.map((set) => [each.path, set.join(' ') || 'none', each, set] as const)))(
    'POST %s with %s',
    async (path, _, { ways, operation }, set) => {
      const { status, body } = await api.as(set.join(' ')).post(path, MORE[path]!.body);
      const { scopes, instead } = operation['x-more-scopes']!;
      const needed = instead ? scopes : [...ways[0]!, ...scopes];
      if (needed.every((scope) => set.includes(scope))) expect([401, 403]).not.toContain(status);
      else expect([status, body.code]).toEqual([403, 'auth.scope']);
    },
  );

  it('what only compiles does not get by with the scope for storing', async () => {
    const compiled = (scope: string) => api.as(scope).post('/policy/v2/compile', { policy: {} });
    expect((await compiled('verify:read')).body.code).toBe('policy.invalid');
    expect((await compiled('policy:write')).body.code).toBe('auth.scope');
  });
});
