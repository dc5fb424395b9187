/**
 * `npm test`: every check of the project, each named with its time. A stage's checks run at the same time, because each of
 * them keeps one core busy; the first stage in which one fails is the last.
 */
import { spawn } from 'node:child_process';
import { root, toolEnvironment } from './setup.mjs';

const STAGES = [
  [
    ['lint', 'pnpm', ['lint']],
    ['types of the tests, imports of the scripts', 'pnpm', ['typecheck']],
    ['pages', 'node', ['--test', '--test-reporter=dot', 'deploy/test/pages.test.mjs']],
  ],
  [['unit and end-to-end tests', 'pnpm', ['test:all']]],
];

/** Whether it passed. What a check says among others is kept until it ends, so that nobody has to untangle the lines. */
function check([name, command, args], { alone }) {
  const started = Date.now();
  const output = [];
  return new Promise((resolve) => {
    // Results go to stdout: whoever reads the run's output finds the runner's closing lines there.
    const stdio = alone ? ['ignore', 1, 2] : ['ignore', 'pipe', 'pipe'];
    const child = spawn(command, args, { cwd: root, env: toolEnvironment(), stdio });
    for (const stream of [child.stdout, child.stderr]) stream?.on('data', (chunk) => output.push(chunk));
    const end = (failure) => {
      process.stdout.write(Buffer.concat(output));
      const outcome = failure === null ? '' : ` failed: ${failure}`;
      process.stderr.write(`[test] ${name}${outcome}: ${((Date.now() - started) / 1000).toFixed(0)} s\n`);
      resolve(failure === null);
    };
    child.on('error', (error) => end(error.message));
    child.on('close', (code, signal) =>
      end(code === 0 ? null : `${command} ${args.join(' ')} ended with ${signal ?? code}`),
    );
  });
}

for (const stage of STAGES) {
  process.stderr.write(`\n[test] ${stage.map(([name]) => name).join('; ')}\n`);
  const passed = await Promise.all(stage.map((step) => check(step, { alone: stage.length === 1 })));
  if (passed.includes(false)) process.exit(1);
}
