/**
 * `npm run test:deploy`: runs every way to install for real. Builds what is shipped, then runs the tests beside this file one
 * after the other; each starts from a bare server and leaves nothing behind.
 */
import { globSync } from 'node:fs';
import path from 'node:path';
import { root, run } from '../../scripts/setup.mjs';
import { bareServer, demandKubectl, prepareHost } from './host.mjs';
import { buildImages } from './images.mjs';
import { removeLeftovers } from './server.mjs';

const started = Date.now();
try {
  demandKubectl();
  prepareHost();
  removeLeftovers();
  bareServer();
  await run(process.execPath, ['scripts/binaries/build.mjs']);
  await buildImages();
  const tests = globSync('deploy/test/*.test.mjs', { cwd: root }).map((file) => path.join(root, file));
  await run(process.execPath, ['--test', '--test-concurrency=1', '--test-reporter=spec', ...tests.sort()], {
    stdio: ['ignore', 1, 2],
  });
} catch (error) {
  process.stderr.write(`[deploy] ${error.message}\n`);
  process.exitCode = 1;
}
process.stderr.write(`[deploy] ${((Date.now() - started) / 1000).toFixed(0)} s\n`);
