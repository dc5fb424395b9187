import { createHash } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { API_CODES, statusOf } from '@cap/core';
import type { OpenApiDocument } from '@cap/service-kit';
import request from 'supertest';
import { TestVerifier } from '../verifier.fixture.js';
import { DOCUMENT_FILE } from './document.fixture.js';

let api: TestVerifier;
/** As the service gives it. */
let document: OpenApiDocument;
beforeAll(async () => {
  api = await TestVerifier.start();
  document = (await request(api.url).get('/openapi.json')).body;
});
afterAll(() => api?.stop());

describe('the document', () => {
  it('is the one in docs/', async () => {
    const text = `${JSON.stringify(document, null, 2)}\n`;
    // Changed on purpose? `pnpm openapi` writes it again.
    if (process.env.UPDATE_OPENAPI) await writeFile(DOCUMENT_FILE, text);
    expect(await readFile(DOCUMENT_FILE, 'utf8')).toBe(text);
  });

  it('describes every route: HEAD comes with each GET', () => {
    const served = api.routes.flatMap(({ method, url }) =>
      [method]
        .flat()
        .filter((each) => each !== 'HEAD')
        .map((each) => `${each} ${url.replaceAll(/:(\w+)/gu, '{$1}')}`),
    );
    const described = Object.entries(document.paths).flatMap(([template, methods]) =>
      Object.entries(methods).map(([method, { summary }]) => [`${method.toUpperCase()} ${template}`, summary]),
    );
    expect(described.map(([route]) => route).sort()).toEqual(served.toSorted());
    expect(described.filter(([, summary]) => !summary)).toEqual([]);
  });

  it('knows every code that a service answers with', () => {
    const told = Object.values(document.paths).flatMap((methods) =>
      Object.values(methods).flatMap(({ responses }) =>
        Object.values(responses).flatMap(({ content }) => {
          const { allOf } = (content?.['application/problem+json']?.schema ?? {}) as {
            allOf?: [object, { properties: { code: { enum: string[] } } }];
          };
          return allOf?.[1].properties.code.enum ?? [];
        }),
      ),
    );
    const beforeRoutes = ['route.unknown', 'method.not-allowed'];
    expect([...new Set([...told, ...beforeRoutes])].sort()).toEqual([...API_CODES].sort());
    for (const code of beforeRoutes) expect(document.info.description).toContain(code);
    expect(document['x-problems']).toEqual(Object.fromEntries(API_CODES.map((code) => [code, statusOf(code)])));
  });

  it('refers to nothing that is not there', () => {
    const names = [...JSON.stringify(document).matchAll(/"\$ref":"([^"]*)"/gu)].map(([, ref]) => ref!);
    expect(names.length).toBeGreaterThan(50);
    for (const ref of names) {
      expect(ref).toMatch(/^#\/components\/schemas\/\w+$/u);
      expect(document.components.schemas).toHaveProperty(ref.split('/').at(-1)!);
    }
  });

  it('has the version of the package, and is JSON for everybody', async () => {
    const packageFile = path.join(import.meta.dirname, '../../package.json');
    const { version } = JSON.parse(await readFile(packageFile, 'utf8'));
    expect(document.info.version).toBe(version);
    const answer = await request(api.url).get('/openapi.json').expect(200);
    expect(answer.headers['content-type']).toBe('application/json; charset=utf-8');
  });
});

describe('the page', () => {
  it('has every route, schema and code, and links that lead somewhere', async () => {
    const { text, headers } = await request(api.url).get('/docs').expect(200);
    expect(headers['content-type']).toBe('text/html; charset=utf-8');
    for (const [template, methods] of Object.entries(document.paths))
      for (const method of Object.keys(methods)) expect(text).toContain(`${method.toUpperCase()} ${template}`);
    for (const code of API_CODES) expect(text).toContain(`<code>${code}</code>`);
    const anchors = new Set([...text.matchAll(/ id="([^"]*)"/gu)].map(([, id]) => id));
    const links = [...text.matchAll(/href="([^"]*)"/gu)].map(([, target]) => target!);
    expect(links.length).toBeGreaterThan(Object.keys(document.paths).length);
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
