/** `node scripts/run.mjs COMMAND ARGS`: what the scripts of package.json call. Sets up, then runs the command with Node 24. */
import { spawn } from 'node:child_process';
import path from 'node:path';
import { PROGRAMS } from './programs.mjs';
import { nodeBinary, root, setUp, toolEnvironment } from './setup.mjs';

const SCRIPTS = {
  demo: 'scripts/demo.mjs',
  start: 'scripts/start.mjs',
  test: 'scripts/test.mjs',
  binaries: 'scripts/binaries/build.mjs',
  'test:deploy': 'deploy/test/run.mjs',
};

const [command = '', ...args] = process.argv.slice(2);
const file = PROGRAMS[command] ?? SCRIPTS[command];
if (!file) {
  process.stderr.write(
    `run: unknown command ${command}; one of ${Object.keys({ ...PROGRAMS, ...SCRIPTS }).join(', ')}\n`,
  );
  process.exit(64);
}
try {
  await setUp();
} catch (error) {
  process.stderr.write(`[set-up] failed: ${error.message}\n`);
  process.exit(70);
}
// Relative paths are relative to where the user typed the command, not to the checkout.
const cwd = command in PROGRAMS ? (process.env.INIT_CWD ?? process.cwd()) : root;
const child = spawn(nodeBinary(), [path.join(root, file), ...args], { cwd, env: toolEnvironment(), stdio: 'inherit' });
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal));
child.on('error', (error) => {
  process.stderr.write(`run: ${error.message}\n`);
  process.exit(70);
});
child.on('exit', (code, signal) => {
  if (!signal) process.exit(code);
  for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.removeAllListeners(name);
  process.kill(process.pid, signal);
});
