/** docs/install/walkthrough.md, for every way to install. */
import assert from 'node:assert/strict';
import { commandsOf } from './pages.mjs';

/**
 * Runs the page, from lists to a restored backup, in the home directory of a server: anything with `ask(COMMANDS)`. `ways` are
 * the page's blocks `way-…` to run first, `beforehand` further commands. Returns the id of the registered bundle.
 */
export async function walkthrough(server, ways, beforehand = '') {
  const page = commandsOf('walkthrough');
  const way = ways.map((name) => page.get(`way-${name}`)).join('') + beforehand;
  const ask = (commands) => server.ask(`${way}cd\n${commands}`);
  const step = (name) => ask(page.get(name));
  assert.match(await step('prove'), /kzg-columns/);
  await step('trust');
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
  await step('backup');
  const restored = await step('restore');
  assert.match(restored, /^ok$/m, 'fsck of the restored directory');
  assert.match(await ask(`cap registry list --data-dir ~/try/restored --json`), new RegExp(bundle));
  return bundle;
}
