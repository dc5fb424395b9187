/** The commands of a page: each fenced `sh` block below a comment `<!-- run: NAME -->`. Tests run exactly what people read. */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { root } from '../../scripts/setup.mjs';

const BLOCK = /^<!-- run: (\S+) -->\n```sh\n(.*?)^```$/gms;

/** Name -> commands, in the order of the page `docs/install/NAME.md`. */
export function commandsOf(page) {
  const text = readFileSync(path.join(root, 'docs', 'install', `${page}.md`), 'utf8');
  return new Map([...text.matchAll(BLOCK)].map(([, name, commands]) => [name, commands]));
}
