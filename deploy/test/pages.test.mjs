/** The pages themselves: German twins run what the English pages run, and links lead somewhere. */
import assert from 'node:assert/strict';
import { existsSync, globSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { root } from '../../scripts/setup.mjs';

const read = (page) => readFileSync(path.join(root, page), 'utf8');
const BLOCK = /^(?:<!-- run: (\S+) -->\n)? *```(\w*)\n(.*?)^ *```$/gms;

/** Every fenced block with its language and the name it is run by; a comment at the end of a line may be translated. */
const blocksOf = (page) =>
  [...read(page).matchAll(BLOCK)].map(([, name, language, text]) => ({
    name,
    language,
    text: text.replace(/ +# .*$/gm, ''),
  }));

/** Pages that an index does not link to. */
const unlisted = (index, pages) =>
  pages.filter((page) => page !== index && !read(index).includes(`](${path.relative(path.dirname(index), page)})`));

test('docs/README.md lists every page, docs/adr/README.md every decision, docs/runbooks/README.md every runbook', () => {
  const pages = globSync('docs/**/*.md', { cwd: root }).filter((page) => !/^docs\/(adr\/\d|runbooks\/Cap)/.test(page));
  assert.deepEqual(unlisted('docs/README.md', pages), []);
  for (const folder of ['adr', 'runbooks'])
    assert.deepEqual(unlisted(`docs/${folder}/README.md`, globSync(`docs/${folder}/*.md`, { cwd: root })), []);
});

const germanPages = globSync('docs/de/**/*.md', { cwd: root });

test('every page about installing has a German twin', () => {
  const install = (folder) => globSync(`${folder}/install/*.md`, { cwd: root }).map((page) => path.basename(page));
  assert.deepEqual(install('docs/de').sort(), install('docs').sort());
});

for (const page of germanPages)
  test(`${page} has the code blocks of the English page`, () => {
    assert.deepEqual(blocksOf(page), blocksOf(page.replace('docs/de/', 'docs/')));
  });

/** As GitHub makes them of headings: lower case, no punctuation, hyphens for spaces. */
const anchorsOf = (page) =>
  new Set(
    [...read(page).matchAll(/^#+ (.*)$/gm)].map(([, heading]) =>
      heading
        .replace(/\[([^\]]*)\]\([^)]*\)/g, '$1')
        .toLowerCase()
        .replace(/[^\p{L}\p{N}\s_-]/gu, '')
        .replaceAll(' ', '-'),
    ),
  );

for (const page of globSync(['*.md', '{docs,changes,examples}/**/*.md'], { cwd: root }))
  test(`the links of ${page} lead somewhere`, () => {
    const dead = [...read(page).matchAll(/\]\(([^)\s]+)\)/g)]
      .map(([, target]) => target)
      .filter((target) => !/^https?:/.test(target))
      .filter((target) => {
        const [file, anchor] = target.split('#');
        const place = file === '' ? page : path.join(path.dirname(page), file);
        return !existsSync(path.join(root, place)) || (anchor !== undefined && !anchorsOf(place).has(anchor));
      });
    assert.deepEqual(dead, []);
  });
