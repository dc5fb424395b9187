/** This checkout's images, built the way people build them, in the tests' engine. */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { IMAGES, REPOSITORY } from '../../scripts/images/names.mjs';
import { root } from '../../scripts/setup.mjs';
import { Engine } from './engine.mjs';
import { prepareHost, say } from './host.mjs';
import { provideNodeImage } from './node-image.mjs';

/** A build without any cache. */
const BUILD_MS = 15 * 60_000;
export const { version } = JSON.parse(readFileSync(path.join(root, 'package.json'), 'utf8'));
/** Program -> name of its image. */
export const imageOf = (program) => `${REPOSITORY}/${program}:${version}`;

/** Builds what has changed since the last time; `work` may use the building engine afterwards. Returns the build's output. */
export async function buildImages(work = () => undefined) {
  const started = Date.now();
  const engine = await Engine.startBuilder();
  try {
    await provideNodeImage((...args) => engine.docker(...args));
    const command = `${process.execPath} scripts/images/build.mjs --network=host --progress=plain`;
    const { stderr } = await engine.run(command, { milliseconds: BUILD_MS });
    say(`${IMAGES.length} images built in ${((Date.now() - started) / 1000).toFixed(0)} s`);
    await work(engine);
    await engine.tidy();
    return stderr;
  } finally {
    await engine.end();
  }
}

// `node deploy/test/images.mjs`, before running a single test.
if (import.meta.filename === process.argv[1]) {
  prepareHost();
  await buildImages();
}
