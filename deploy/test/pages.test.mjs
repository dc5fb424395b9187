import assert from 'node:assert/strict';
import { test } from 'node:test';
import { commandsOf } from './pages.mjs';

for (const page of [
  'binary',
  'systemd',
  'docker',
  'kubernetes',
  'main-job',
  'firewall',
  'certificates',
  'tuning',
  'upgrade',
])
  test(`the German page ${page} has the commands of the English one`, () => {
    const english = commandsOf(page);
    assert.ok(english.size > 0, `${english.size} blocks`);
    assert.deepEqual([...commandsOf(`${page}.de`)], [...english]);
  });
