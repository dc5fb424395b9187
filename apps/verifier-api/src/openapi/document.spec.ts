import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { PROBLEMS, type ZodPipe } from '@cap/service-kit';
import request from 'supertest';
import { VerifierModule } from '../verifier.module.js';
import { TestVerifier } from '../verifier.fixture.js';
import { documentedPath, documentText, openApiDocument } from './document.js';
import { ROUTES } from './routes.js';
import { problemsOf } from './route.js';

const root = path.join(import.meta.dirname, '../../../..');
const document = openApiDocument();

let api: TestVerifier;
beforeAll(async () => {
  api = await TestVerifier.start();
});
afterAll(() => api?.stop());

/** The service's own routes; HEAD comes with each GET. */
const served = () =>
  api.routes.flatMap(({ method, url, config }) =>
    [method]
      .flat()
      .filter((each) => each !== 'HEAD')
      .map((each) => ({ name: `${each} ${url}`, access: config?.access })),
  );

describe('the document', () => {
  it('has every route that the service has, and no other', () => {
    const documented = ROUTES.map(({ method, path: template }) => `${method.toUpperCase()} ${template}`);
    expect(
      served()
        .map(({ name }) => name)
        .sort(),
    ).toEqual(documented.toSorted());
    expect(new Set(documented).size).toBe(documented.length);
    for (const { method, path: template } of ROUTES)
      expect(document.paths[documentedPath(template)]).toHaveProperty(method);
  });

  it.each(ROUTES.map((route) => [`${route.method.toUpperCase()} ${route.path}`, route] as const))(
    '%s asks for the scopes that the route asks for',
    (name, { scopes, moreScopes }) => {
      const { access } = served().find((route) => route.name === name)!;
      const rule = moreScopes?.instead
        ? { scopes: [...scopes!, ...moreScopes.scopes], anyScope: true }
        : { scopes, anyScope: undefined };
      expect(access).toEqual({ everybody: scopes === null, clients: null, ...rule });
    },
  );

  it('is made of the schemas that the routes parse with', async () => {
    const { controllers } = await VerifierModule.open(api.config);
    let compared = 0;
    for (const controller of controllers!) {
      const base = Reflect.getMetadata('path', controller) as string;
      for (const [name, { value }] of Object.entries(Object.getOwnPropertyDescriptors(controller.prototype))) {
        const own =
          typeof value === 'function' ? (Reflect.getMetadata('path', value) as string | undefined) : undefined;
        if (own === undefined) continue;
        const template = `/${base}/${own}`.replaceAll(/\/+/gu, '/').replace(/(?<=.)\/$/u, '');
        const method = ['get', 'post', 'put'][Reflect.getMetadata('method', value) as number];
        const route = ROUTES.find((each) => each.path === template && each.method === method)!;
        const given = Reflect.getMetadata('__routeArguments__', controller, name) as
          Record<string, { data?: string; pipes: unknown[] }> | undefined;
        for (const [kind, { data, pipes }] of Object.entries(given ?? {})) {
          const [pipe] = pipes as [ZodPipe<never>?];
          const documented = { 3: route.body?.['application/json'], 4: route.query, 5: route.params?.[data ?? ''] };
          const place = Number(kind.split(':', 1)[0]) as 3 | 4 | 5;
          if (!pipe) expect([place, template]).not.toContain(5);
          else expect({ template, place, same: pipe['schema'] === documented[place] }).toMatchObject({ same: true });
          if (pipe) compared++;
        }
      }
    }
    expect(compared).toBeGreaterThan(10);
  });

  it('knows every code that a service answers with', () => {
    const told = new Set<string>(ROUTES.flatMap(problemsOf));
    const beforeRoutes = ['route.unknown', 'method.not-allowed'];
    expect([...told, ...beforeRoutes].sort()).toEqual(Object.keys(PROBLEMS).sort());
    for (const code of beforeRoutes) expect(document.info.description).toContain(code);
    expect(document['x-problems']).toEqual(PROBLEMS);
  });

  it('refers to nothing that is not there', () => {
    const names = [...JSON.stringify(document).matchAll(/"\$ref":"([^"]*)"/gu)].map(([, ref]) => ref!);
    expect(names.length).toBeGreaterThan(50);
    for (const ref of names) {
      expect(ref).toMatch(/^#\/components\/schemas\/\w+$/u);
      expect(document.components.schemas).toHaveProperty(ref.split('/').at(-1)!);
    }
  });

  it('has the version of the package, and a copy in docs/', async () => {
    const { version } = JSON.parse(await readFile(path.join(root, 'apps/verifier-api/package.json'), 'utf8'));
    expect(document.info.version).toBe(version);
    // Changed on purpose? `pnpm openapi` writes it again.
    expect(await readFile(path.join(root, 'docs/openapi.json'), 'utf8')).toBe(documentText(document));
  });

  it('is given to everybody', async () => {
    const answer = await request(api.url).get('/openapi.json').expect(200);
    expect(answer.headers['content-type']).toBe('application/json; charset=utf-8');
    expect(answer.body).toEqual(document);
  });
});

describe('the page', () => {
  it('has every route, schema and code, and links that lead somewhere', async () => {
    const { text, headers } = await request(api.url).get('/docs').expect(200);
    expect(headers['content-type']).toBe('text/html; charset=utf-8');
    for (const { method, path: template } of ROUTES)
      expect(text).toContain(`${method.toUpperCase()} ${documentedPath(template)}`);
    for (const code of Object.keys(PROBLEMS)) expect(text).toContain(`<code>${code}</code>`);
    const anchors = new Set([...text.matchAll(/ id="([^"]*)"/gu)].map(([, id]) => id));
    const links = [...text.matchAll(/href="([^"]*)"/gu)].map(([, target]) => target!);
    expect(links.length).toBeGreaterThan(ROUTES.length);
    for (const link of links) if (link !== 'openapi.json') expect(anchors).toContain(link.replace(/^#/u, ''));
    for (const name of Object.keys(document.components.schemas)) expect(anchors).toContain(name);
  });

  it('loads nothing, runs nothing, and its policy allows nothing but its style', async () => {
    const { text, headers } = await request(api.url).get('/docs').expect(200);
    expect(text).not.toMatch(/<script|<img|<link|src=|https?:|@import|url\(| on\w+=| style=/iu);
    const [, style] = /<style>([^<]*)<\/style>/u.exec(text)!;
    const hash = createHash('sha256').update(style!).digest('base64');
    expect(headers['content-security-policy']).toBe(
      `default-src 'none'; style-src 'sha256-${hash}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'`,
    );
  });
});
