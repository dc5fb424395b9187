/**
 * `node --import …/sources.fixture.mjs child.ts` runs TypeScript sources in a process of their own, for tests that must kill
 * one: .ts through swc, `@cap/x` and `./x.js` to the sources, as jest.config.js does it.
 */
import { existsSync } from 'node:fs';
import { registerHooks } from 'node:module';
import { fileURLToPath } from 'node:url';
import { transformFileSync } from '@swc/core';

const libs = new URL('../../', import.meta.url);

registerHooks({
  resolve(specifier, context, next) {
    const own = /^@cap\/([a-z-]+)$/.exec(specifier);
    if (own) return { url: new URL(`${own[1]}/src/index.ts`, libs).href, shortCircuit: true };
    if (/^\.{1,2}\/.*\.js$/.test(specifier)) {
      const source = new URL(specifier.replace(/\.js$/, '.ts'), context.parentURL);
      if (existsSync(source)) return { url: source.href, shortCircuit: true };
    }
    return next(specifier, context);
  },
  load(url, context, next) {
    if (!url.endsWith('.ts')) return next(url, context);
    const { code } = transformFileSync(fileURLToPath(url), {
      swcrc: false,
      jsc: { target: 'es2024', parser: { syntax: 'typescript', decorators: true } },
      module: { type: 'es6' },
    });
    return { format: 'module', source: code, shortCircuit: true };
  },
});
