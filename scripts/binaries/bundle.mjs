/**
 * Bundles a program into one CommonJS file, for a single executable or an image: our code as tsc compiled it (including
 * decorator metadata) and every dependency.
 */
import path from 'node:path';
import { build } from 'esbuild';
import { REGISTRY_WRITER } from '../programs.mjs';
import { root } from '../setup.mjs';

/** Optional modules of our dependencies that we do not install; loading one fails as it would without a bundle. */
const OPTIONAL = [
  'class-validator',
  'class-transformer',
  '@nestjs/microservices',
  '@nestjs/websockets',
  '@nestjs/platform-express',
  '@fastify/static',
  '@fastify/view',
];

/** Searches the disk for the addon; in a bundle it is the one for this platform. */
const SQLITE_BINDING = /better-sqlite3\/lib\/binding\.js$/;
const SQLITE_ADDON = `../prebuilds/${process.platform}-${process.arch}.node`;

/**
 * For a single executable. Addons can be loaded only from files: the bundle writes the asset to a private directory and removes
 * it once it is loaded. A thread loads it under the same name, by which the system recognises it: a second copy of SQLite in
 * one process would neither see nor respect the locks of the first.
 */
export const EXECUTABLE = {
  // CommonJS has no import.meta; the executable is the only file.
  url: `require('node:url').pathToFileURL(process.execPath).href`,
  define: {},
  addonLoader: (asset) => `
    const fs = require('node:fs');
    const { getEnvironmentData, setEnvironmentData } = require('node:worker_threads');
    const load = (file) => process.dlopen(module, file);
    const loaded = getEnvironmentData(${JSON.stringify(asset)});
    if (loaded) return load(loaded);
    const directory = fs.mkdtempSync(require('node:path').join(require('node:os').tmpdir(), 'cap-'));
    try {
      const file = directory + '/addon.node';
      fs.writeFileSync(file, new Uint8Array(require('node:sea').getRawAsset(${JSON.stringify(asset)})), { mode: 0o700 });
      load(file);
      setEnvironmentData(${JSON.stringify(asset)}, file);
    } catch (error) {
      error.message = "can't load " + ${JSON.stringify(asset)} + ' through ' + directory + ' (TMPDIR names another place): ' + error.message;
      throw error;
    } finally {
      fs.rmSync(directory, { recursive: true, force: true });
    }
  `,
};

/**
 * For an image: the addon is a file beside the bundle, for the image's processor, and the defaults are those that
 * libs/config/src/default-locations.ts has for images.
 */
export const IMAGE = {
  url: `require('node:url').pathToFileURL(__filename).href`,
  define: { CAP_IN_IMAGE: 'true' },
  addonLoader: () =>
    `process.dlopen(module, require('node:path').join(__dirname, process.platform + '-' + process.arch + '.node'));`,
  shebang: '#!/usr/local/bin/node\n',
};

/** Replaces each native addon with code that loads the asset of that name; `assets` collects name -> file. */
const nativeAddons = (assets, addonLoader) => ({
  name: 'native addons',
  setup({ onLoad }) {
    onLoad({ filter: SQLITE_BINDING }, () => ({ contents: `exports.getBinding = () => require('${SQLITE_ADDON}');` }));
    onLoad({ filter: /\.node$/ }, ({ path: file }) => {
      const name = path.basename(file);
      assets[name] = file;
      return { contents: addonLoader(name), loader: 'js' };
    });
  },
});

/** The only module with a top-level await, which CommonJS lacks: the entry computes its exports, then loads the rest. */
const AWAITING = path.join(root, 'libs/crypto/dist/blake3-instances.js');
const awaitedFirst = {
  name: 'awaited first',
  setup({ onLoad }) {
    onLoad({ filter: /blake3-instances\.js$/ }, ({ path: file }) =>
      file === AWAITING ? { contents: 'export const { shared, wide } = globalThis.capBlake3;' } : null,
    );
  },
};
const entryOf = (main) => `
  import { createBLAKE3 } from 'hash-wasm';
  Promise.all([createBLAKE3(), createBLAKE3(512)])
    .then(([shared, wide]) => {
      globalThis.capBlake3 = { shared, wide };
      return import(${JSON.stringify(path.join(root, main))});
    })
    .catch((error) => {
      process.stderr.write(error.stack + '\\n');
      process.exit(70);
    });
`;

/**
 * Bundles `entry` into `outfile` for EXECUTABLE or IMAGE. Returns the assets it needs (name -> file) and the folders of the
 * third-party packages in it.
 */
export async function bundle(entry, outfile, { url, define, addonLoader, shebang = '' }) {
  const assets = {};
  const contents = entry === REGISTRY_WRITER ? `import ${JSON.stringify(path.join(root, entry))};` : entryOf(entry);
  const { metafile, warnings } = await build({
    absWorkingDir: root,
    stdin: { contents, resolveDir: path.dirname(AWAITING) },
    outfile,
    bundle: true,
    platform: 'node',
    target: 'node24',
    format: 'cjs',
    keepNames: true, // Nest and TypeORM name things after classes
    minify: true,
    legalComments: 'none', // they are in THIRD-PARTY-NOTICES
    external: OPTIONAL.flatMap((name) => [name, `${name}/*`]),
    define: { 'import.meta.url': 'bundleUrl', ...define },
    banner: { js: `${shebang}const bundleUrl = ${url};` },
    plugins: [awaitedFirst, nativeAddons(assets, addonLoader)],
    metafile: true,
    logLevel: 'error',
  });
  for (const { text, location } of warnings) throw new Error(`${location?.file}:${location?.line}: ${text}`);
  return { assets, packages: packagesOf(Object.keys(metafile.inputs)) };
}

/** `…/node_modules/NAME/…` -> the folder of NAME. */
function packagesOf(inputs) {
  const folders = inputs.map((file) => /^.*node_modules\/(@[^/]+\/)?[^/]+/.exec(file)?.[0]);
  return new Set(folders.filter((folder) => folder !== undefined).map((folder) => path.join(root, folder)));
}
