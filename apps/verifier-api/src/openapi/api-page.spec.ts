import { expect, it } from '@jest/globals';
import { PROBLEMS } from '@cap/service-kit';
import { tableOfPage } from './api-page.fixture.js';
import { ROUTES } from './routes.js';

/** Routes that every service has; those of documentation are in the page's first sentences. */
const ELSEWHERE = ['GET /openapi.json', 'GET /docs'];
const code = (text: string) => `\`${text}\``;

it('docs/api.md has every route with its scopes', () => {
  const rows = tableOfPage('route').filter(([route]) => !route!.includes('/v1/'));
  const routes = ROUTES.map((route) => ({ ...route, name: `${route.method.toUpperCase()} ${route.path}` }));
  expect(rows.map(([name]) => name).sort()).toEqual(
    routes
      .map(({ name }) => name)
      .filter((name) => !ELSEWHERE.includes(name))
      .map(code)
      .sort(),
  );
  for (const { name, scopes, moreScopes } of routes.filter(({ name }) => !ELSEWHERE.includes(name))) {
    const [, cell] = rows.find(([route]) => route === code(name))!;
    const named = [...cell!.matchAll(/`(\w+:\w+)`/gu)].map(([, scope]) => scope);
    expect([name, named]).toEqual([name, [...(scopes ?? []), ...(moreScopes?.scopes ?? [])]]);
    expect([name, cell!.includes('instead')]).toEqual([name, moreScopes?.instead === true]);
  }
});

it('docs/api.md has every problem code with its status', () => {
  const rows = tableOfPage('code');
  expect(Object.fromEntries(rows.map(([name, status]) => [name, Number(status!.split(',')[0])]))).toEqual(
    Object.fromEntries(Object.entries(PROBLEMS).map(([name, status]) => [code(name), status])),
  );
});
