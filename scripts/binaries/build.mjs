/**
 * `pnpm binaries`: the four programs as single executables for this platform, in dist/binaries, with what install.sh needs,
 * THIRD-PARTY-NOTICES and SHA256SUMS. Builds them from the Node that runs this script.
 */
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  chmodSync,
  copyFileSync,
  cpSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';
import { ASSETS, ceremonySource } from '../../libs/proof/dist/backends/kzg-columns/assets.js';
import { WRITER_ASSET } from '../../libs/storage/dist/database/sqlite-writer.js';
import { PROGRAMS, PROOF_WORKER, PROVING, REGISTRY_WRITER, WRITING } from '../programs.mjs';
import { root } from '../setup.mjs';
import { bundle, EXECUTABLE } from './bundle.mjs';
import { nodeLicence, thirdPartyNotices } from './notices.mjs';

/** What docs/install/walkthrough.md needs. */
const EXAMPLES = ['suppliers.csv', 'ubos.csv', 'sanctions.csv', 'jurisdictions.csv', 'policies'];
/** What a server needs besides the programs. */
const BESIDE = {
  LICENSE: 'LICENSE',
  'deploy/install.sh': 'install.sh',
  'deploy/systemd': 'systemd',
  'deploy/firewall': 'firewall',
  'examples/config': 'config',
  ...Object.fromEntries(EXAMPLES.map((name) => [`examples/${name}`, `examples/${name}`])),
};
/** The marker by which Node finds the resource in its own binary. */
const FUSE = 'NODE_SEA_FUSE_fce680ab2cc467b6e072b8b5df1996b2';

const out = path.join(root, 'dist', 'binaries');
const parts = path.join(out, 'parts');
const POSTJECT = path.join(root, 'node_modules/postject/dist/cli.js');
const isMac = process.platform === 'darwin';

function makeExecutable(name, main, assets) {
  const blob = path.join(parts, `${name}.blob`);
  const config = path.join(parts, `${name}.json`);
  // Stack traces show this name, not the place where it was built.
  const settings = {
    main: path.basename(main),
    output: blob,
    disableExperimentalSEAWarning: true,
    useCodeCache: true,
    assets,
  };
  writeFileSync(config, JSON.stringify(settings));
  execFileSync(process.execPath, ['--experimental-sea-config', config], { cwd: parts, stdio: 'pipe' });
  const executable = path.join(out, name);
  copyFileSync(process.execPath, executable);
  chmodSync(executable, 0o755);
  if (isMac) execFileSync('codesign', ['--remove-signature', executable]);
  // Its remarks about section names in Node's binary help nobody, so they are shown only if it fails.
  const segment = isMac ? ['--macho-segment-name', 'NODE_SEA'] : [];
  execFileSync(process.execPath, [POSTJECT, executable, 'NODE_SEA_BLOB', blob, '--sentinel-fuse', FUSE, ...segment], {
    stdio: 'pipe',
  });
  if (isMac) execFileSync('codesign', ['--sign', '-', executable]);
  return executable;
}

rmSync(out, { recursive: true, force: true });
mkdirSync(parts, { recursive: true });
const worker = path.join(parts, ASSETS.worker);
const packages = (await bundle(PROOF_WORKER, worker, EXECUTABLE)).packages;
const proofAssets = { [ASSETS.worker]: worker, [ASSETS.ceremony]: ceremonySource() };
packages.add(path.dirname(ceremonySource()));
const writer = path.join(parts, WRITER_ASSET);
await bundle(REGISTRY_WRITER, writer, EXECUTABLE);
for (const [name, entry] of Object.entries(PROGRAMS)) {
  const main = path.join(parts, `${name}.cjs`);
  const bundled = await bundle(entry, main, EXECUTABLE);
  for (const folder of bundled.packages) packages.add(folder);
  const assets = {
    ...bundled.assets,
    ...(PROVING.has(name) ? proofAssets : {}),
    ...(WRITING.has(name) ? { [WRITER_ASSET]: writer } : {}),
  };
  const executable = makeExecutable(name, main, assets);
  const megabytes = (statSync(executable).size / 1e6).toFixed(0);
  process.stdout.write(`${name.padEnd(18)} ${megabytes} MB, ${(statSync(main).size / 1e6).toFixed(1)} MB of it code\n`);
}
writeFileSync(path.join(out, 'THIRD-PARTY-NOTICES'), thirdPartyNotices(packages, nodeLicence()));
for (const [from, to] of Object.entries(BESIDE)) cpSync(path.join(root, from), path.join(out, to), { recursive: true });
rmSync(parts, { recursive: true });
const sums = readdirSync(out, { recursive: true })
  .filter((name) => statSync(path.join(out, name)).isFile())
  .map(
    (name) =>
      `${createHash('sha256')
        .update(readFileSync(path.join(out, name)))
        .digest('hex')}  ${name}\n`,
  );
writeFileSync(path.join(out, 'SHA256SUMS'), sums.sort().join(''));
process.stdout.write(`${packages.size} third-party packages included; licences in THIRD-PARTY-NOTICES\n`);
