import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { describe, expect, it } from '@jest/globals';

const app = path.join(import.meta.dirname, '../..');
const docs = path.join(app, '../../docs');
/** Those of the two internal APIs too: this app alone has the linters. */
const DOCUMENTS = ['openapi.json', 'openapi-registry.json', 'openapi-backup-worker.json'];
/** Neither asks for updates nor tells anybody anything. */
const ENVIRONMENT = { ...process.env, REDOCLY_TELEMETRY: 'off', REDOCLY_SUPPRESS_UPDATE_NOTICE: 'true', CI: 'true' };

/** Runs a package's program over a document. */
async function lint(
  document: string,
  name: string,
  bin: string,
  ...args: string[]
): Promise<{ code: number; output: string }> {
  const directory = path.join(app, 'node_modules', name);
  const { bin: programs } = JSON.parse(await readFile(path.join(directory, 'package.json'), 'utf8'));
  return new Promise((resolve) => {
    const command = [path.join(directory, programs[bin]), 'lint', path.join(docs, document), ...args];
    execFile(process.execPath, command, { cwd: app, env: ENVIRONMENT }, (error, stdout, stderr) =>
      resolve({ code: error ? Number(error.code ?? -1) : 0, output: stdout || stderr }),
    );
  });
}

const KNOWN = [
  // `/policy/v2/:id` and `/policy/:id/status` both match /policy/v2/status, but each takes a method of its own.
  'no-ambiguous-paths',
  // The members that `not` names are defined beside it.
  'no-required-schema-properties-undefined',
];

describe.each(DOCUMENTS)('docs/%s', (document) => {
  it('has nothing that redocly finds', async () => {
    const { code, output } = await lint(document, '@redocly/cli', 'redocly', '--format=json');
    const { totals, problems } = JSON.parse(output) as { totals: { errors: number }; problems: { ruleId: string }[] };
    expect([code, totals.errors]).toEqual([0, 0]);
    expect(problems.filter(({ ruleId }) => !KNOWN.includes(ruleId))).toEqual([]);
  });

  it('has nothing that spectral finds', async () => {
    const args = ['--ruleset', 'spectral.yaml', '--fail-severity', 'warn', '--format', 'json', '--quiet'];
    expect(await lint(document, '@stoplight/spectral-cli', 'spectral', ...args)).toMatchObject({
      code: 0,
      output: expect.stringMatching(/^\[\]/u),
    });
  });
});
