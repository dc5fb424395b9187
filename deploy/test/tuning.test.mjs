/** docs/install/tuning.md: what it says about SQLite's shell and the heap of an executable. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { spawnSync } from 'node:child_process';
import path from 'node:path';
import { before, test } from 'node:test';
import { root } from '../../scripts/setup.mjs';
import { prepareHost, quietly } from './host.mjs';
import { commandsOf } from './pages.mjs';

before(prepareHost);

test('pragmas typed into the shell apply to that shell only', () => {
  const heard = quietly('bash', ['-euo', 'pipefail', '-c', commandsOf('tuning').get('pragmas')]);
  assert.equal(heard, 'wal\n2\n-2000\n');
});

test('an executable honours the heap limit in NODE_OPTIONS', () => {
  const directory = mkdtempSync('/tmp/cap-tuning-');
  const start = (NODE_OPTIONS) =>
    spawnSync(path.join(root, 'dist/binaries/cap-registry'), ['--management-bind', '127.0.0.1:0'], {
      env: {
        NODE_OPTIONS,
        CAP_REGISTRY__DATABASE: `${directory}/registry.db`,
        CAP_REGISTRY__BLOBS: `${directory}/blobs`,
      },
      encoding: 'utf8',
      timeout: 10_000,
    });
  try {
    const small = start('--max-old-space-size=20');
    assert.equal(small.signal ?? small.status, 'SIGABRT');
    assert.match(small.stderr, /heap out of memory/);
    assert.match(start('--max-old-space-size=300').stdout, /"msg":"listening"/);
  } finally {
    rmSync(directory, { recursive: true });
  }
});
