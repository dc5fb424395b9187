/** `npm test`: every check of the project, each step named with its time; the first that fails ends it. */
import { run } from './setup.mjs';

const STEPS = [
  ['lint', 'pnpm', ['lint']],
  ['types of the tests, imports of the scripts', 'pnpm', ['typecheck']],
  ['pages', 'node', ['--test', '--test-reporter=dot', 'deploy/test/pages.test.mjs']],
  ['unit tests', 'pnpm', ['test:unit']],
  ['end-to-end tests', 'pnpm', ['test:e2e']],
];

for (const [name, command, args] of STEPS) {
  const started = Date.now();
  process.stderr.write(`\n[test] ${name}\n`);
  try {
    // Results go to stdout: whoever reads the run's output finds the runner's closing lines there.
    await run(command, args, { stdio: ['ignore', 1, 2] });
  } catch (error) {
    process.stderr.write(`[test] ${name} failed: ${error.message}\n`);
    process.exit(1);
  }
  process.stderr.write(`[test] ${name}: ${((Date.now() - started) / 1000).toFixed(0)} s\n`);
}
