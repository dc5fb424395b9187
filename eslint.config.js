import { globSync, readFileSync } from 'node:fs';
import path from 'node:path';
import js from '@eslint/js';
import tseslint from 'typescript-eslint';

/**
 * The import arrows of docs/architecture.md: what the production code of each package may import of ours; anything else
 * under @cap/ is refused, and so is an arrow that nobody uses. Nest lives in apps and service-kit only, so that the CLI
 * starts fast and the core can be tested bare.
 */
const ARROWS = {
  'libs/core': [],
  'libs/crypto': ['core'],
  'libs/tlog': ['core', 'crypto'],
  'libs/lists': ['core', 'crypto'],
  'libs/policy': ['core', 'crypto', 'lists'],
  'libs/proof': ['core', 'crypto', 'lists', 'policy'],
  'libs/verify': ['core', 'crypto', 'tlog', 'lists', 'policy', 'proof'],
  'libs/prover': ['core', 'crypto', 'tlog', 'lists', 'policy', 'proof'],
  'libs/storage': ['core', 'crypto', 'tlog', 'contracts', 'config'],
  'libs/backup': ['core', 'crypto', 'tlog', 'contracts', 'storage'],
  'libs/config': ['core'],
  'libs/contracts': ['core'],
  'libs/service-kit': ['core', 'crypto', 'config', 'contracts'],
  'apps/cli': [
    ...['core', 'crypto', 'tlog', 'lists', 'policy', 'proof', 'verify', 'prover'],
    ...['storage', 'backup', 'config', 'contracts'],
  ],
  'apps/verifier-api': ['core', 'crypto', 'lists', 'policy', 'proof', 'verify', 'config', 'contracts', 'service-kit'],
  'apps/registry': [
    ...['core', 'crypto', 'tlog', 'lists', 'policy'],
    ...['storage', 'config', 'contracts', 'service-kit'],
  ],
  'apps/backup-worker': ['core', 'crypto', 'backup', 'config', 'contracts', 'service-kit'],
};
/** Tests stand on more: they make what their package only reads. */
const TEST_ARROWS = { 'apps/verifier-api': ['prover', 'tlog'] };
const TESTS = ['spec', 'fixture'].map((kind) => `**/*.${kind}.ts`);
const usesNest = (folder) => folder === 'libs/service-kit' || (folder.startsWith('apps/') && folder !== 'apps/cli');

const unused = Object.entries(ARROWS).flatMap(([folder, allowed]) => {
  const sources = globSync(`${folder}/src/**/*.ts`, { cwd: import.meta.dirname })
    .filter((file) => !/\.(spec|fixture)\.ts$/.test(file))
    .map((file) => readFileSync(path.join(import.meta.dirname, file), 'utf8'));
  return allowed
    .filter((name) => !sources.some((text) => text.includes(`'@cap/${name}'`) || text.includes(`'@cap/${name}/`)))
    .map((name) => `${folder} -> ${name}`);
});
if (unused.length > 0) throw new Error(`arrows in eslint.config.js that no import uses: ${unused.join(', ')}`);

const arrowRule = (folder, allowed) => ({
  'no-restricted-imports': [
    'error',
    {
      patterns: [
        {
          regex: `^@cap/(?!(${allowed.join('|') || '-'})(/|$))`,
          message: `${folder} may import only: ${allowed.map((name) => `@cap/${name}`).join(', ') || 'none of our packages'} (docs/architecture.md).`,
        },
        // Fixtures are no part of a package; tests of another one may use them.
        { regex: '^(\\.\\./)+(apps|libs)/(?!.*\\.fixture\\.js$)', message: 'Import another package by its name.' },
        ...(usesNest(folder) ? [] : [{ regex: '^@nestjs/', message: 'Nest lives in apps and service-kit only.' }]),
      ],
    },
  ],
});
const arrowRules = Object.entries(ARROWS).flatMap(([folder, allowed]) => [
  { files: [`${folder}/src/**/*.ts`], ignores: TESTS, rules: arrowRule(folder, allowed) },
  {
    files: TESTS.map((tests) => `${folder}/src/${tests}`),
    rules: arrowRule(folder, [...allowed, ...(TEST_ARROWS[folder] ?? [])]),
  },
]);

export default tseslint.config(
  { ignores: ['**/dist/', '**/node_modules/', '.tools/', '.turbo/', '.demo/', '.start/', 'coverage/'] },
  js.configs.recommended,
  ...tseslint.configs.recommended,
  {
    files: ['**/*.ts'],
    rules: {
      '@typescript-eslint/consistent-type-imports': ['error', { fixStyle: 'inline-type-imports' }],
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_', ignoreRestSiblings: true }],
    },
  },
  {
    // A statement that imports nothing but types would still load the module: memory and time of the start, for no value.
    files: ['**/*.ts'],
    rules: { '@typescript-eslint/no-import-type-side-effects': 'error' },
  },
  {
    // Nest reads constructor types at run time: those imports must stay values.
    files: ['apps/{verifier-api,registry,backup-worker}/src/**/*.ts', 'libs/service-kit/src/**/*.ts'],
    rules: { '@typescript-eslint/consistent-type-imports': 'off' },
  },
  {
    files: ['**/*.mjs', '**/*.js'],
    languageOptions: {
      globals: {
        process: 'readonly',
        console: 'readonly',
        Buffer: 'readonly',
        URL: 'readonly',
        fetch: 'readonly',
        structuredClone: 'readonly',
        setTimeout: 'readonly',
        clearTimeout: 'readonly',
        setInterval: 'readonly',
        clearInterval: 'readonly',
        setImmediate: 'readonly',
        performance: 'readonly',
        AbortSignal: 'readonly',
        FormData: 'readonly',
        Blob: 'readonly',
      },
    },
  },
  ...arrowRules,
);

export { ARROWS };
