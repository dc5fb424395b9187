import { CHECK_IDS, readBundle, verifyBundle } from '@cap/proof';
import { EXIT, type ExitCode } from '../frame/exit-codes.js';
import { readInput } from '../frame/input.js';
import { printResult, type CliIo } from '../frame/io.js';
import { requireOneStdin } from '../verify/one-stdin.js';
import { readTrust } from '../trust/read-trust.js';

const LAST_CHECK = CHECK_IDS.indexOf('signer.validity');

const MEANING = {
  ok: 'the bundle is whole and signed',
  warn: 'the bundle is whole and signed, but read on',
  fail: 'the bundle is not whole, or not signed as it says',
} as const;
const UNCHECKED = 'The proof and the rules were NOT looked at: "cap verify" judges them.\n';

/**
 * The part of a verification that needs no policy: is the bundle whole, and signed by whom it says? Warnings count as
 * warnings (exit 1), as in `cap verify`.
 */
export async function verify(io: CliIo, options: { trust?: string; json?: boolean }, file: string): Promise<ExitCode> {
  requireOneStdin([
    ['the bundle', file],
    ['--trust', options.trust],
  ]);
  const trust = options.trust === undefined ? null : await readTrust(io, options.trust);
  const bundle = await readBundle(file === '-' ? await readInput(io, file) : file);
  const { report } = await verifyBundle(bundle, { policy: null, trust }, { allowMock: true, now: () => io.now() });
  const legacy = report.checks.filter(({ id, status }) => id === 'legacy.format' && status !== 'skipped');
  const checks = [...report.checks.slice(0, LAST_CHECK + 1), ...legacy];
  const statuses = new Set(checks.map(({ status }) => status));
  const result = statuses.has('fail') ? 'fail' : statuses.has('warn') ? 'warn' : 'ok';
  const { bundle_id, manifest_hash, proof_hash, trust_hash } = report;
  const unchecked = ['proof', 'rules'];
  printResult(io, options, { result, unchecked, bundle_id, manifest_hash, proof_hash, trust_hash, checks }, () =>
    [
      `${result}: ${MEANING[result]}`,
      UNCHECKED,
      ...checks.map(({ id, status, message }) => `${status.padEnd(8)} ${id.padEnd(22)} ${message.en}`),
    ].join('\n'),
  );
  return result === 'fail' ? EXIT.fault : result === 'warn' ? EXIT.warn : EXIT.ok;
}
