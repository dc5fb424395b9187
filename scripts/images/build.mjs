/**
 * `npm run -s images [-- OPTIONS OF DOCKER BUILD]`: builds the three images, tagged with the version in package.json. Needs
 * Docker (BuildKit) and no set-up: everything else happens in the build.
 */
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { IMAGES, REPOSITORY } from './names.mjs';

const root = path.dirname(path.dirname(path.dirname(fileURLToPath(import.meta.url))));
const { version } = JSON.parse(readFileSync(path.join(root, 'package.json'), 'utf8'));

/** The commit that is built, and its time; none if the checkout has changes or no history. */
function commit() {
  const git = (...args) => spawnSync('git', args, { cwd: root, encoding: 'utf8' });
  if (git('status', '--porcelain').stdout !== '') return {};
  const [revision, created] = git('log', '-1', '--format=%H%n%cI').stdout.trim().split('\n');
  return { revision, created };
}

const { revision, created } = commit();
const about = [`--build-arg=VERSION=${version}`];
if (revision) about.push(`--build-arg=REVISION=${revision}`, `--build-arg=CREATED=${created}`);
if (process.env.CAP_IMAGE_SOURCE) about.push(`--label=org.opencontainers.image.source=${process.env.CAP_IMAGE_SOURCE}`);

for (const name of IMAGES) {
  const tag = `${REPOSITORY}/${name}:${version}`;
  const args = ['build', '--file=docker/Dockerfile', `--target=${name}`, `--tag=${tag}`];
  const { status, error } = spawnSync('docker', [...args, ...about, ...process.argv.slice(2), '.'], {
    cwd: root,
    env: { ...process.env, DOCKER_BUILDKIT: '1' },
    stdio: ['ignore', 2, 2],
  });
  if (status !== 0) {
    process.stderr.write(`images: ${error ? `docker: ${error.message}` : `${name} was not built`}\n`);
    process.exit(error ? 69 : 70);
  }
  process.stdout.write(`${tag}\n`);
}
