/** docs/install/main-job.md on a server; what differs between the ways to install is given. */
import assert from 'node:assert/strict';
import { commandsOf } from './pages.mjs';

/**
 * Runs the page from lists to a restored backup. `reload` and `backup` are the commands that do these two things here.
 * Answers the id of the registered bundle.
 */
export async function mainJob(server, { reload, backup }) {
  const page = commandsOf('main-job');
  const step = (name) => server.ask(page.get(name));
  assert.match(await step('prove'), /kzg-columns/);
  await step('trust');
  await server.run(reload ?? page.get('reload'));
  await step('publish');
  const verdict = await step('verify');
  assert.match(
    verdict,
    /^\{"result":"ok"/,
    'the verdict is ok: the trust store was read again, policy and lists are known',
  );
  const [, bundle] = /"bundle_id":"(0x[0-9a-f]{64})"/.exec(verdict) ?? [];
  assert.ok(bundle, verdict);
  const rules = /"rules":(\[.*?\])/.exec(await server.ask('cat ~/try/verdict.json'))?.[1];
  assert.deepEqual(new Set(JSON.parse(rules).map(({ status }) => status)), new Set(['proven']));
  await server.run(backup ?? page.get('backup'));
  const restored = await step('restore');
  assert.match(restored, /^ok$/m, 'fsck of the restored directory');
  assert.match(await server.ask(`cap registry list --data-dir ~/try/restored --json`), new RegExp(bundle));
  return bundle;
}
