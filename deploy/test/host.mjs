/** What the deployment test needs from the machine it runs on: root, some Debian packages, a root file system. */
import { execFileSync, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, renameSync, rmSync } from 'node:fs';
import path from 'node:path';

const SUITE = 'bookworm';
/** What a server has: an init, openssl for certificates, curl for requests. Nothing of Node. */
const PACKAGES = ['systemd-sysv', 'dbus', 'openssl', 'curl', 'ca-certificates', 'procps'];
/** Program -> the packages that provide it. */
const WANTED = {
  debootstrap: ['debootstrap', 'debian-archive-keyring'],
  'systemd-nspawn': ['systemd-container'],
  nsenter: ['util-linux'],
  setpriv: ['util-linux'],
  shellcheck: ['shellcheck'],
  '/usr/sbin/dockerd': ['docker.io'],
  '/usr/bin/docker-compose': ['docker-compose'],
  iptables: ['iptables'],
  ip: ['iproute2'],
  nginx: ['nginx-light'],
  '/usr/lib/postgresql/15/bin/postgres': ['postgresql-15'],
  promtool: ['prometheus'],
  nft: ['nftables'],
  sqlite3: ['sqlite3'],
};
/** What takes long to build is kept here between runs. */
export const CACHE = '/var/cache/cap-deploy';

export const say = (text) => process.stderr.write(`[deploy] ${text}\n`);

/** Runs a command quietly; if it fails, the error has all of its output. */
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

/** Installs what is missing; if that is impossible, the test fails here and skips nothing. */
export function prepareHost() {
  if (process.getuid() !== 0) throw new Error('the deployment test starts containers: run it as root');
  const packages = Object.entries(WANTED).flatMap(([program, names]) => (isThere(program) ? [] : names));
  if (packages.length === 0) return;
  say(`installing ${packages.join(', ')}`);
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  quietly('apt-get', ['update'], { env });
  quietly('apt-get', ['install', '--yes', '--no-install-recommends', ...packages], { env });
}

/** Not from Debian's packages: their kubectl does not support kustomize components. */
export function demandKubectl() {
  const { status, stdout, error } = spawnSync('kubectl', ['version', '--client', '-o', 'json'], { encoding: 'utf8' });
  const found = error || status !== 0 ? 'none' : (JSON.parse(stdout).kustomizeVersion ?? 'one without kustomize 5');
  if (!/^v[5-9]\./.test(found))
    throw new Error(`kubectl with kustomize 5 (1.27 or later) must be on PATH; there is ${found}`);
}

/** The path of `name` in CACHE, created once by `make(unfinished path)` and never changed afterwards. */
export function kept(name, make) {
  const place = path.join(CACHE, name);
  if (existsSync(place)) return place;
  say(`making ${place}`);
  mkdirSync(CACHE, { recursive: true });
  const unfinished = `${place}.${process.pid}`;
  try {
    make(unfinished);
    renameSync(unfinished, place);
  } finally {
    rmSync(unfinished, { recursive: true, force: true });
  }
  return place;
}

/** A name that changes when any of the parts does. */
export const stampOf = (parts) => createHash('sha256').update(parts.join()).digest('hex').slice(0, 12);

/** Creates the root file system of a minimal Debian with some extra packages. */
export function debootstrap(directory, packages = []) {
  const include = packages.length > 0 ? [`--include=${packages.join()}`] : [];
  execFileSync('debootstrap', ['--variant=minbase', ...include, SUITE, directory], { stdio: ['ignore', 'ignore', 2] });
  rmSync(path.join(directory, 'var/cache/apt/archives'), { recursive: true });
}

/** The root file system of a bare Debian server, with some extra packages. */
export function bareServer(more = []) {
  const packages = [...PACKAGES, ...more];
  return kept(`${SUITE}-${stampOf([SUITE, ...packages])}`, (directory) => debootstrap(directory, packages));
}
