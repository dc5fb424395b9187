/** What the deployment test needs of the machine that it runs on: root, some Debian packages, a root file system. */
import { execFileSync, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, renameSync, rmSync } from 'node:fs';
import path from 'node:path';

const SUITE = 'bookworm';
/** What a server has: an init, certificates made with openssl, and curl to ask it something. Nothing of Node. */
const PACKAGES = ['systemd-sysv', 'dbus', 'openssl', 'curl', 'ca-certificates', 'procps'];
/** Program -> the packages that bring it. */
const WANTED = {
  debootstrap: ['debootstrap', 'debian-archive-keyring'],
  'systemd-nspawn': ['systemd-container'],
  nsenter: ['util-linux'],
  setpriv: ['util-linux'],
  shellcheck: ['shellcheck'],
};
const CACHE = '/var/cache/cap-deploy';

const say = (text) => process.stderr.write(`[deploy] ${text}\n`);

/** Runs a command whose words nobody needs; its whole output is in the error if it fails. */
export function quietly(command, args, options = {}) {
  const result = spawnSync(command, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'], ...options });
  if (result.error) throw result.error;
  if (result.status !== 0)
    throw new Error(
      `${command} ${args.join(' ')} ended with ${result.signal ?? result.status}\n${result.stdout}${result.stderr}`,
    );
  return result.stdout;
}

const isThere = (program) => spawnSync('sh', ['-c', `command -v ${program}`]).status === 0;

/** Installs what is missing; a machine where that can't be done fails here, nothing is skipped. */
export function prepareHost() {
  if (process.getuid() !== 0) throw new Error('the deployment test boots containers: run it as root');
  const packages = Object.entries(WANTED).flatMap(([program, names]) => (isThere(program) ? [] : names));
  if (packages.length === 0) return;
  say(`installing ${packages.join(', ')}`);
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  quietly('apt-get', ['update'], { env });
  quietly('apt-get', ['install', '--yes', '--no-install-recommends', ...packages], { env });
}

/** The root file system of a bare Debian server, made once and kept outside the checkout; never changed afterwards. */
export function bareServer() {
  const stamp = createHash('sha256')
    .update([SUITE, ...PACKAGES].join())
    .digest('hex')
    .slice(0, 12);
  const directory = path.join(CACHE, `${SUITE}-${stamp}`);
  if (existsSync(directory)) return directory;
  say(`making a bare ${SUITE} in ${directory}`);
  mkdirSync(CACHE, { recursive: true });
  const unfinished = `${directory}.${process.pid}`;
  try {
    execFileSync('debootstrap', ['--variant=minbase', `--include=${PACKAGES.join()}`, SUITE, unfinished], {
      stdio: ['ignore', 'ignore', 2],
    });
    rmSync(path.join(unfinished, 'var/cache/apt/archives'), { recursive: true });
    renameSync(unfinished, directory);
  } catch (error) {
    rmSync(unfinished, { recursive: true, force: true });
    throw error;
  }
  return directory;
}
