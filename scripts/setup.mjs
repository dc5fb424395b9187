/**
 * Sets up a checkout on a machine that has only Node >= 20 and npm: installs Node 24 and pnpm from npm into .tools,
 * installs the dependencies, builds. Reports on stderr, repeats nothing, and may run several times at once.
 */
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = path.dirname(path.dirname(fileURLToPath(import.meta.url)));
const tools = path.join(root, '.tools');
export const NODE_VERSION = '24.21.0';
const PNPM_VERSION = '12.21.0';
const LOCK_WAIT_MS = 15 * 60_000;

const say = (text) => process.stderr.write(`[set-up] ${text}\n`);

const ownNodeIsEnough = () => {
  const [major, minor] = process.versions.node.split('.').map(Number);
  return major > 24 || (major === 24 && minor >= 11);
};
const nodePackage = `node-${process.platform}-${process.arch}`;
const toolNodeBin = path.join(tools, 'node_modules', nodePackage, 'bin');

/** The node binary that runs our programs. */
export const nodeBinary = () => (ownNodeIsEnough() ? process.execPath : path.join(toolNodeBin, 'node'));

/** Environment in which `node` is Node 24, and `pnpm` and the workspace's tools are on PATH. */
export function toolEnvironment() {
  const first = [
    ...(ownNodeIsEnough() ? [path.dirname(process.execPath)] : [toolNodeBin]),
    path.join(tools, 'node_modules', '.bin'),
    path.join(root, 'node_modules', '.bin'),
  ];
  return {
    ...process.env,
    PATH: [...first, process.env.PATH].join(path.delimiter),
    TURBO_TELEMETRY_DISABLED: '1',
  };
}

/** Runs a program with all of its output on our stderr; rejects with its exit code. */
export function run(command, args, options = {}) {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { cwd: root, env: toolEnvironment(), stdio: ['ignore', 2, 2], ...options });
    child.on('error', reject);
    child.on('exit', (code, signal) =>
      code === 0 ? resolve() : reject(new Error(`${command} ${args.join(' ')} ended with ${signal ?? code}`)),
    );
  });
}

const digest = (parts) => createHash('sha256').update(parts.join('\n')).digest('hex');
const readStamp = (file) => (existsSync(file) ? readFileSync(file, 'utf8') : '');

/** A package of the workspace that is not built: its TypeScript runs as it is. */
const MONITORING = path.join('deploy', 'monitoring');

/** Those that are built. */
function packageFolders() {
  return ['libs', 'apps'].flatMap((kind) =>
    readdirSync(path.join(root, kind), { withFileTypes: true })
      .filter((entry) => entry.isDirectory() && existsSync(path.join(root, kind, entry.name, 'package.json')))
      .map((entry) => path.join(kind, entry.name)),
  );
}

function dependencyStamp() {
  const files = [
    'package.json',
    'pnpm-lock.yaml',
    'pnpm-workspace.yaml',
    ...[...packageFolders(), MONITORING].map((f) => `${f}/package.json`),
  ];
  return digest(files.map((file) => `${file} ${readFileSync(path.join(root, file), 'utf8')}`));
}

function sourceStamp() {
  const parts = [readFileSync(path.join(root, 'tsconfig.base.json'), 'utf8')];
  for (const folder of packageFolders()) {
    parts.push(readFileSync(path.join(root, folder, 'tsconfig.json'), 'utf8'));
    const entries = readdirSync(path.join(root, folder, 'src'), { recursive: true, withFileTypes: true });
    for (const entry of entries.filter((e) => e.isFile() && !e.name.endsWith('.spec.ts'))) {
      const file = path.join(entry.parentPath ?? entry.path, entry.name);
      const { size, mtimeMs } = statSync(file);
      parts.push(`${file} ${size} ${mtimeMs}`);
    }
  }
  return digest(parts);
}

const installStampFile = path.join(root, 'node_modules', '.cap-installed');
const buildStampFile = path.join(root, 'node_modules', '.cap-built');
const toolsAreThere = () =>
  existsSync(path.join(tools, 'node_modules', 'pnpm', 'package.json')) &&
  JSON.parse(readFileSync(path.join(tools, 'node_modules', 'pnpm', 'package.json'), 'utf8')).version === PNPM_VERSION &&
  (ownNodeIsEnough() ||
    (existsSync(path.join(toolNodeBin, 'node')) &&
      JSON.parse(readFileSync(path.join(tools, 'node_modules', nodePackage, 'package.json'), 'utf8')).version ===
        NODE_VERSION));
const isInstalled = () => readStamp(installStampFile) === dependencyStamp();
const isBuilt = () => readStamp(buildStampFile) === sourceStamp();
const everyAppIsBuilt = () => packageFolders().every((f) => existsSync(path.join(root, f, 'dist')));

const processLives = (pid) => {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error.code === 'EPERM';
  }
};

/** One set-up at a time: mkdir is atomic, and a lock whose owner is dead is taken over. */
async function withLock(action) {
  mkdirSync(tools, { recursive: true });
  const lock = path.join(tools, 'setup.lock');
  const owner = path.join(lock, 'pid');
  const deadline = Date.now() + LOCK_WAIT_MS;
  for (let told = false; ;) {
    try {
      mkdirSync(lock);
      writeFileSync(owner, String(process.pid));
      break;
    } catch (error) {
      if (error.code !== 'EEXIST') throw error;
      const pid = Number(readStamp(owner));
      const abandoned = pid
        ? !processLives(pid)
        : Date.now() - (statSync(lock, { throwIfNoEntry: false })?.mtimeMs ?? Date.now()) > 5_000;
      if (abandoned) {
        rmSync(lock, { recursive: true, force: true });
        continue;
      }
      if (Date.now() > deadline) throw new Error(`another set-up (process ${pid}) holds ${lock}`, { cause: error });
      if (!told) say(`waiting for the set-up of process ${pid || '?'}`);
      told = true;
      await new Promise((resolve) => setTimeout(resolve, 200));
    }
  }
  try {
    return await action();
  } finally {
    rmSync(lock, { recursive: true, force: true });
  }
}

/** Brings tools, dependencies and build up to date. Fast when there is nothing to do. */
export async function setUp() {
  if (toolsAreThere() && isInstalled() && isBuilt() && everyAppIsBuilt()) return;
  await withLock(async () => {
    if (!toolsAreThere()) {
      const wanted = [`pnpm@${PNPM_VERSION}`, ...(ownNodeIsEnough() ? [] : [`${nodePackage}@${NODE_VERSION}`])];
      say(`installing ${wanted.join(' and ')} into .tools`);
      await run(
        'npm',
        [
          'install',
          '--prefix',
          tools,
          '--no-save',
          '--no-package-lock',
          '--ignore-scripts',
          '--no-fund',
          '--no-audit',
          '--loglevel=error',
          ...wanted,
        ],
        { env: process.env },
      );
      // pnpm's own install script installs its native program; it runs here even if npm's install scripts are disabled.
      await run(process.execPath, [path.join(tools, 'node_modules', 'pnpm', 'install.js')]);
    }
    if (!isInstalled()) {
      say('installing the dependencies');
      await run('pnpm', [
        'install',
        '--frozen-lockfile',
        '--prefer-offline',
        '--reporter=append-only',
        '--loglevel=warn',
      ]);
      writeFileSync(installStampFile, dependencyStamp());
      rmSync(buildStampFile, { force: true });
    }
    if (!isBuilt() || !everyAppIsBuilt()) {
      say('building');
      const stamp = sourceStamp();
      // One process for all packages: it parses the libraries' types once, where turbo starts a compiler for each package.
      await run('tsc', ['-b', ...packageFolders()]);
      writeFileSync(buildStampFile, stamp);
    }
    say('ready');
  });
}
