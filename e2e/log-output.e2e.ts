import { afterEach, expect, it } from '@jest/globals';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync } from 'node:fs';
import { mainOf } from '../scripts/local-stack.mjs';
import { RegistryProcess } from './registry-process.js';

const COMPLAINT =
  /^cap-registry: the log can't be written \((.+)\): its lines are dropped and counted in cap_log_lines_dropped_total, the service goes on\n$/;

let ends: (() => unknown)[] = [];
afterEach(async () => {
  for (const end of ends.reverse()) await end();
  ends = [];
});

/** A registry that logs each request to `stdout`, with what it says on stderr. */
async function registryLoggingTo(stdout: number | 'pipe') {
  const registry = await RegistryProcess.prepare();
  ends.push(() => registry.remove());
  const args = [mainOf('cap-registry'), '--config', registry.config, '--log-level', 'debug'];
  const child: ChildProcess = spawn(process.execPath, args, {
    stdio: ['ignore', stdout, 'pipe'],
    env: { PATH: process.env['PATH'] },
  });
  ends.push(async () => {
    if (child.exitCode !== null) return;
    child.kill('SIGKILL');
    await once(child, 'exit');
  });
  let stderr = '';
  child.stderr!.on('data', (chunk) => (stderr += chunk));
  child.stdout?.resume();
  const get = async (path: string) => (await fetch(`${registry.url}${path}`)).text();
  while (!(await fetch(`${registry.url}/readyz`).catch(() => null))?.ok) expect(child.exitCode).toBe(null);
  return {
    child,
    get,
    stderr: () => stderr,
    dropped: async () => Number(/^cap_log_lines_dropped_total (\d+)$/m.exec(await get('/metrics'))![1]),
    async stop() {
      child.kill('SIGTERM');
      const [code] = await once(child, 'exit');
      return code;
    },
  };
}

it('a full disk under the log costs lines, which are counted; stderr says so once; the service goes on', async () => {
  const full = openSync('/dev/full', 'w');
  const registry = await registryLoggingTo(full);
  closeSync(full);
  const before = await registry.dropped();
  for (let i = 0; i < 5; i++) await registry.get('/healthz');
  expect(await registry.dropped()).toBeGreaterThanOrEqual(before + 5);
  expect(await registry.stop()).toBe(0);
  expect(COMPLAINT.exec(registry.stderr())?.[1]).toBe('no space left on device');
});

it('so does a reader of the log that has gone', async () => {
  const registry = await registryLoggingTo('pipe');
  expect(await registry.dropped()).toBe(0);
  registry.child.stdout!.destroy();
  for (let i = 0; i < 5; i++) await registry.get('/healthz');
  expect(await registry.dropped()).toBeGreaterThanOrEqual(5);
  expect(await registry.stop()).toBe(0);
  expect(COMPLAINT.exec(registry.stderr())?.[1]).toBe('broken pipe');
});

it('a service goes on when nobody reads its stderr either', async () => {
  const registry = await registryLoggingTo('pipe');
  registry.child.stdout!.destroy();
  registry.child.stderr!.destroy();
  for (let i = 0; i < 5; i++) await registry.get('/healthz');
  expect(await registry.dropped()).toBeGreaterThanOrEqual(5);
  expect(await registry.stop()).toBe(0);
});
