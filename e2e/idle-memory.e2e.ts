import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { readFile, rm } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { prepareStack, stopAll, type Service, type Stack } from '../scripts/local-stack.mjs';
import { temporaryDirectory } from './example-project.js';

const WANTED_MB = 150;

let directory: string;
let stack: Stack;
const running: Service[] = [];
beforeAll(async () => {
  directory = await temporaryDirectory();
  stack = await prepareStack(path.join(directory, 'stack'));
}, 60_000);
afterAll(async () => {
  await stopAll(running.toReversed());
  await rm(directory, { recursive: true, force: true });
});

const residentMb = async ({ pid }: Service): Promise<number> =>
  Number(/^VmRSS:\s+(\d+) kB$/m.exec(await readFile(`/proc/${pid}/status`, 'utf8'))![1]) / 1024;

it.each(['registry', 'verifier', 'backup'] as const)(
  `the %s needs no more than ${WANTED_MB} MB while nothing happens`,
  async (name) => {
    const service = stack.start[name]();
    running.push(service);
    await service.ready();
    // The pages of the collected start go back to the system a little later.
    let resident = await residentMb(service);
    for (let tries = 0; resident > WANTED_MB && tries < 100; tries++) {
      await pause(100);
      resident = await residentMb(service);
    }
    expect(resident).toBeLessThanOrEqual(WANTED_MB);
  },
  60_000,
);
