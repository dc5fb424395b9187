import js from '@eslint/js';
import tseslint from 'typescript-eslint';

/**
 * The import arrows of docs/architecture.md: what each package may import of ours. Everything else under @cap/ is refused.
 * Nest lives in apps and service-kit only, so that the CLI starts fast and the core can be tested bare.
 */
const ARROWS = {
  'libs/crypto': [],
  'libs/policy': ['crypto'],
  'libs/proof': ['policy', 'crypto'],
  'libs/storage': ['crypto'],
  'libs/backup': ['storage', 'crypto'],
  'libs/config': [],
  'libs/contracts': [],
  'libs/service-kit': ['config', 'contracts', 'crypto'],
  'apps/cli': ['config', 'contracts', 'crypto', 'policy', 'proof', 'storage', 'backup'],
  'apps/verifier-api': ['config', 'contracts', 'crypto', 'policy', 'proof', 'service-kit'],
  'apps/registry': ['config', 'contracts', 'crypto', 'policy', 'proof', 'storage', 'service-kit'],
  'apps/backup-worker': ['config', 'contracts', 'crypto', 'storage', 'backup', 'service-kit'],
};
const usesNest = (folder) => folder === 'libs/service-kit' || (folder.startsWith('apps/') && folder !== 'apps/cli');

const arrowRules = Object.entries(ARROWS).map(([folder, allowed]) => ({
  files: [`${folder}/src/**/*.ts`],
  rules: {
    'no-restricted-imports': [
      'error',
      {
        patterns: [
          {
            regex: `^@cap/(?!(${allowed.join('|') || '-'})$)`,
            message: `${folder} may import only: ${allowed.map((name) => `@cap/${name}`).join(', ') || 'none of our packages'} (docs/architecture.md).`,
          },
          // Fixtures are no part of a package; tests of another one may use them.
          { regex: '^(\\.\\./)+(apps|libs)/(?!.*\\.fixture\\.js$)', message: 'Import another package by its name.' },
          ...(usesNest(folder) ? [] : [{ regex: '^@nestjs/', message: 'Nest lives in apps and service-kit only.' }]),
        ],
      },
    ],
  },
}));

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
