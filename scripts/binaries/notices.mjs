/** Writes THIRD-PARTY-NOTICES for what is in the executables, and refuses every licence that is not permissive. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';

/** Read a licence before you add it here. */
export const PERMISSIVE = new Set([
  '0BSD',
  'Apache-2.0',
  'BlueOak-1.0.0',
  'BSD-2-Clause',
  'BSD-3-Clause',
  'CC0-1.0',
  'ISC',
  'MIT',
  'Unlicense',
]);

/** Packages whose package.json names no licence, with the one their readme names. */
const IN_THE_README = { 'pause@0.0.1': 'MIT' };

/** `MIT`, `(MIT OR GPL-2.0)`, `MIT AND ISC`: may it be shipped? Any other form may not. */
export function isPermissive(expression) {
  const inner = expression.replace(/^\((.*)\)$/, '$1');
  if (/[()]/.test(inner)) return false;
  return inner.split(/ OR /).some((choice) => choice.split(/ AND /).every((licence) => PERMISSIVE.has(licence.trim())));
}

/** The licence field as npm defines it today, or the list in old packages, from which any may be chosen. */
const licenceOf = ({ name, version, license, licenses }) =>
  license ?? licenses?.map(({ type }) => type).join(' OR ') ?? IN_THE_README[`${name}@${version}`] ?? 'none named';

/** Name, version, licence and licence text of the package in a folder. */
function noticeOf(folder) {
  const manifest = JSON.parse(readFileSync(path.join(folder, 'package.json'), 'utf8'));
  const { name, version } = manifest;
  const files = readdirSync(folder);
  const licences = files.filter((file) => /^(licen[cs]e|copying|notice)/i.test(file));
  // Some have their licence only in the readme.
  const from = licences.length > 0 ? licences : files.filter((file) => /^readme/i.test(file));
  const text = from.map((file) => readFileSync(path.join(folder, file), 'utf8').trim()).join('\n\n');
  return { name, version, license: licenceOf(manifest), text };
}

/** The text of the notices; throws with the names of packages that may not be shipped. `nodeLicence` is Node's own. */
export function thirdPartyNotices(folders, nodeLicence) {
  const notices = [...folders]
    .map(noticeOf)
    .sort((a, b) => (`${a.name}@${a.version}` < `${b.name}@${b.version}` ? -1 : 1));
  const refused = notices.filter(({ license }) => !isPermissive(license));
  if (refused.length > 0)
    throw new Error(
      `not permissive, or not known to be: ${refused.map(({ name, license }) => `${name} (${license})`).join(', ')}`,
    );
  const rule = `\n\n${'-'.repeat(80)}\n`;
  const unique = new Map(notices.map((notice) => [`${notice.name} ${notice.version}`, notice]));
  return [
    'What others made and is in the programs of CAP, with its licences.',
    `${rule}Node.js ${process.version}\n\n${nodeLicence.trim()}`,
    ...[...unique].map(([title, { license, text }]) => `${rule}${title}\nLicence: ${license}\n\n${text}`),
    '\n',
  ].join('');
}

/** The licence text of the Node that builds: it is beside `bin/` in the npm package and in the distribution. */
export function nodeLicence() {
  const file = path.join(path.dirname(process.execPath), '..', 'LICENSE');
  if (!existsSync(file))
    throw new Error(`the licence of Node is not at ${file}; build with Node from npm or its distribution`);
  return readFileSync(file, 'utf8');
}
