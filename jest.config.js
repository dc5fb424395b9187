/** Runs the sources (not dist) through swc; @cap/* resolves to the sources too, so a test never sees a stale build. */
const base = {
  testEnvironment: 'node',
  extensionsToTreatAsEsm: ['.ts'],
  transform: {
    '^.+\\.ts$': [
      '@swc/jest',
      {
        jsc: {
          target: 'es2024',
          parser: { syntax: 'typescript', decorators: true },
          transform: { legacyDecorator: true, decoratorMetadata: true },
        },
        module: { type: 'es6' },
        sourceMaps: 'inline',
      },
    ],
  },
  setupFilesAfterEnv: ['<rootDir>/libs/service-kit/src/nest-first.fixture.ts'],
  moduleNameMapper: {
    '^@cap/([a-z-]+)$': '<rootDir>/libs/$1/src/index.ts',
    '^@cap/([a-z-]+)/([a-z-]+)$': '<rootDir>/libs/$1/src/$2.ts',
    '^(\\.{1,2}/.*)\\.js$': '$1',
  },
};

/** Tests that are about more than one process or about the server itself. */
const SCALE_OUT = '\\.scale-out\\.spec\\.ts$';

export default {
  testTimeout: 30_000,
  projects: [
    {
      ...base,
      displayName: 'unit',
      testMatch: ['<rootDir>/{libs,apps}/*/src/**/*.spec.ts', '<rootDir>/deploy/monitoring/src/**/*.spec.ts'],
      testPathIgnorePatterns: ['/node_modules/', SCALE_OUT],
    },
    // The registry's tests again, on a PostgreSQL server that the set-up starts and an object store; see pnpm test:scale-out.
    {
      ...base,
      displayName: 'scale-out',
      testMatch: [
        '<rootDir>/{libs/storage,apps/registry}/src/**/*.spec.ts',
        '<rootDir>/apps/cli/src/**/*.scale-out.spec.ts',
      ],
      // What checks a data directory on disk has no other profile.
      testPathIgnorePatterns: ['/node_modules/', 'libs/storage/src/fsck/'],
      globalSetup: '<rootDir>/libs/storage/src/database/postgres-setup.fixture.mjs',
      globalTeardown: '<rootDir>/libs/storage/src/database/postgres-teardown.fixture.mjs',
    },
    // Separate processes from dist, real HTTP and signals.
    {
      ...base,
      displayName: 'e2e',
      testMatch: ['<rootDir>/e2e/**/*.e2e.ts'],
      globalSetup: '<rootDir>/e2e/example-project.setup.mjs',
      globalTeardown: '<rootDir>/e2e/example-project.teardown.mjs',
    },
    // Faults of the disk: need root and strace, so CI alone runs them.
    { ...base, displayName: 'faults', testMatch: ['<rootDir>/e2e/**/*.faults.ts'] },
  ],
};
