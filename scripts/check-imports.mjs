/**
 * Part of `pnpm typecheck`: every module that a plain JavaScript file imports exists and exports the names it takes. The bench, the
 * scripts and the deployment tests are not type-checked as a whole; without this, a renamed export is noticed only when they run.
 */
import { globSync } from 'node:fs';
import path from 'node:path';
import ts from 'typescript';
import { root } from './setup.mjs';

const FOLDERS = ['bench', 'scripts', 'deploy', 'docker', 'e2e', 'libs/*/src'];
/** No such module, no such export (and the variants of these messages with a suggestion). */
const CODES = new Set([2305, 2307, 2459, 2460, 2613, 2614, 2724]);
/** No such property, which is about an import where the object is a module. */
const PROPERTY_CODES = new Set([2339, 2551]);
const OPTIONS = {
  allowJs: true,
  checkJs: true,
  noEmit: true,
  skipLibCheck: true,
  allowImportingTsExtensions: true,
  target: ts.ScriptTarget.ES2024,
  module: ts.ModuleKind.NodeNext,
  types: ['node'],
};

const text = (diagnostic) => ts.flattenDiagnosticMessageText(diagnostic.messageText, ' ');
const isImport = (diagnostic) =>
  CODES.has(diagnostic.code) || (PROPERTY_CODES.has(diagnostic.code) && text(diagnostic).includes("'typeof import("));

const files = FOLDERS.flatMap((folder) => globSync(`${folder}/**/*.mjs`, { cwd: root })).map((file) =>
  path.join(root, file),
);
const program = ts.createProgram(files, OPTIONS);
const faults = files
  .flatMap((file) => program.getSemanticDiagnostics(program.getSourceFile(file)))
  .filter(isImport)
  .map((diagnostic) => {
    const { line } = diagnostic.file.getLineAndCharacterOfPosition(diagnostic.start);
    return `${path.relative(root, diagnostic.file.fileName)}:${line + 1}: ${text(diagnostic)}\n`;
  });
process.stderr.write(faults.join(''));
if (faults.length > 0) process.exitCode = 1;
