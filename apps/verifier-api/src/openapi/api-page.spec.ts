import { expect, it } from '@jest/globals';
import { API_CODES, statusOf } from '@cap/core';
import { tableOfPage } from './api-page.fixture.js';
import { document } from './document.fixture.js';

/** Routes that every service has; those of documentation are in the page's first sentences. */
const ELSEWHERE = ['GET /openapi.json', 'GET /docs'];
const code = (text: string) => `\`${text}\``;

it('docs/api.md has every route with its scopes', () => {
  const rows = tableOfPage('route').filter(([route]) => !route!.includes('/v1/'));
  const operations = Object.entries(document.paths)
    .flatMap(([path, methods]) =>
      Object.entries(methods).map(([method, operation]) => ({
        name: `${method.toUpperCase()} ${path.replaceAll(/\{(\w+)\}/gu, ':$1')}`,
        operation,
      })),
    )
    .filter(({ name }) => !ELSEWHERE.includes(name));
  expect(rows.map(([name]) => name).sort()).toEqual(operations.map(({ name }) => code(name)).sort());
  for (const { name, operation } of operations) {
    const [, cell] = rows.find(([route]) => route === code(name))!;
    const named = [...cell!.matchAll(/`(\w+:\w+)`/gu)].map(([, scope]) => scope);
    const more = operation['x-more-scopes'];
    const ways = operation.security.flatMap((way) => Object.values(way).flat());
    expect([name, new Set(named)]).toEqual([name, new Set([...ways, ...(more?.scopes ?? [])])]);
    expect([name, cell!.includes('instead')]).toEqual([name, more?.instead === true]);
  }
});

it('docs/api.md has every problem code with its status', () => {
  const rows = tableOfPage('code');
  expect(Object.fromEntries(rows.map(([name, status]) => [name, Number(status!.split(',')[0])]))).toEqual(
    Object.fromEntries(API_CODES.map((name) => [code(name), statusOf(name)])),
  );
});
