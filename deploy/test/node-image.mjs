/**
 * A stand-in for our base image, which only an image registry has: Debian, Node and npm in the same places as in the real one,
 * and from this machine only what npm needs to reach its registry.
 */
import { cpSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { NODE_VERSION } from '../../scripts/setup.mjs';
import { debootstrap, kept, quietly, stampOf } from './host.mjs';

export const NODE_IMAGE = 'node:24-bookworm-slim';
const NPM_VERSION = '11.19.1';
const PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';
/** Debian's slim images leave these out too. */
const DROPPED = ['usr/share/doc', 'usr/share/man', 'usr/share/info', 'usr/share/locale', 'var/lib/apt/lists'];

/** How npm reaches its registry from here: addresses and certificates, but no tokens. */
function npmSettings() {
  const ask = (key) => quietly('npm', ['config', 'get', key]).trim();
  const files = [process.env.NODE_EXTRA_CA_CERTS, ask('cafile')].filter((file) => file && file !== 'null');
  const certificates = [...new Set(files)].map((file) => readFileSync(file, 'utf8')).join('\n');
  return { registry: ask('registry'), certificates };
}

/** The file system as a tar archive, kept between runs. */
function archive({ registry, certificates }) {
  const stamp = stampOf([NODE_VERSION, NPM_VERSION, registry, certificates]);
  const make = (unfinished) => {
    const directory = `${unfinished}.d`;
    const inside = (...names) => path.join(directory, ...names);
    try {
      debootstrap(directory);
      for (const name of DROPPED) rmSync(inside(name), { recursive: true, force: true });
      const brought = inside('brought');
      const packages = [`node-${process.platform}-${process.arch}@${NODE_VERSION}`, `npm@${NPM_VERSION}`];
      quietly('npm', [
        'install',
        '--prefix',
        brought,
        '--no-save',
        '--no-package-lock',
        '--ignore-scripts',
        ...packages,
      ]);
      const node = path.join(brought, 'node_modules', `node-${process.platform}-${process.arch}`);
      cpSync(path.join(node, 'bin/node'), inside('usr/local/bin/node'));
      // Where the distribution, and therefore the image, has it.
      cpSync(path.join(node, 'LICENSE'), inside('usr/local/LICENSE'));
      mkdirSync(inside('usr/local/lib/node_modules'));
      cpSync(path.join(brought, 'node_modules/npm'), inside('usr/local/lib/node_modules/npm'), { recursive: true });
      rmSync(brought, { recursive: true });
      const setUp = [
        'ln -s ../lib/node_modules/npm/bin/npm-cli.js /usr/local/bin/npm',
        'ln -s ../lib/node_modules/npm/bin/npx-cli.js /usr/local/bin/npx',
        'groupadd --gid 1000 node',
        'useradd --uid 1000 --gid node --shell /bin/bash --create-home node',
      ];
      quietly('chroot', [directory, 'sh', '-ec', setUp.join('\n')], { env: { PATH } });
      // For root alone: a build in the image reaches the registry, a program run as another user sees nothing of this.
      const settings = [`registry=${registry}`];
      if (certificates) {
        writeFileSync(inside('root/.npm-certificates.pem'), certificates, { mode: 0o600 });
        settings.push('cafile=/root/.npm-certificates.pem');
      }
      writeFileSync(inside('root/.npmrc'), `${settings.join('\n')}\n`, { mode: 0o600 });
      quietly('tar', ['--create', '--numeric-owner', `--file=${unfinished}`, `--directory=${directory}`, '.']);
    } finally {
      rmSync(directory, { recursive: true, force: true });
    }
  };
  return { stamp, file: kept(`node-${stamp}.tar`, make) };
}

/** Makes sure that an engine has the stand-in under the real one's name; `docker(...args)` returns its output. */
export async function provideNodeImage(docker) {
  const { stamp, file } = archive(npmSettings());
  const name = `node-stand-in:${stamp}`;
  const images = await docker('images', '--quiet', '--no-trunc', name);
  if (images === '') {
    const changes = [`ENV PATH=${PATH}`, `ENV NODE_VERSION=${NODE_VERSION}`, 'CMD ["node"]'];
    await docker('import', ...changes.flatMap((change) => ['--change', change]), file, name);
  }
  await docker('tag', name, NODE_IMAGE);
}
