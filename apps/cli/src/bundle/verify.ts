import { EXIT } from '@cap/core';
import { CHECK_IDS, verifyBundle } from '@cap/verify';
import { DEFAULT_BUNDLE_LIMITS, readBundle } from '@cap/proof/bundle';
import { assertOneStdin, readInput } from '../input.js';
import { printResult } from '../io.js';
import { LANGUAGE } from '../options.js';
import { printable } from '../printable.js';
import { readTrust } from '../trust/trust-file.js';
import { verb } from '../verb.js';
import { particulars } from '../verify/particulars.js';
import { statusWords } from '../verify/render.js';

const LAST_CHECK = CHECK_IDS.indexOf('signer.validity');

const WORDS = {
  en: {
    ok: 'the bundle is intact and signed by somebody in your trust store',
    warn: 'the bundle is intact and signed, but see the warnings below',
    fail: 'the bundle is not intact, or its signature does not count',
    unchecked:
      'NOT checked: proof, rules, statement (signer, audience, nonce, times) and lists. "cap verify" checks them.',
  },
  de: {
    ok: 'das Bündel ist unversehrt und von jemandem aus Ihrem Vertrauensspeicher signiert',
    warn: 'das Bündel ist unversehrt und signiert, aber beachten Sie die Warnungen unten',
    fail: 'das Bündel ist nicht unversehrt, oder seine Signatur zählt nicht',
    unchecked:
      'NICHT angesehen: Beweis, Regeln, Aussage (Unterzeichner, Empfänger, Einmalwert, Zeiten) und Listen. „cap verify“ prüft sie.',
  },
} as const;

/**
 * The part of a verification that needs no policy: is the bundle intact, and signed by whom it says? Warnings count as
 * warnings (exit 1), as in `cap verify`.
 */
export default verb({
  examples: ['cap bundle verify bundle.zip --trust trust.json'],
  syntax: (command) => command.argument('<file>').option('--trust <file>', 'trust.json').addOption(LANGUAGE),
  run: async (io, options, file) => {
    assertOneStdin([
      ['the bundle', file],
      ['--trust', options.trust],
    ]);
    const trust = options.trust === undefined ? null : await readTrust(io, options.trust);
    const bundle = await readBundle(file === '-' ? await readInput(io, file, DEFAULT_BUNDLE_LIMITS.bundleBytes) : file);
    const { report } = await verifyBundle(bundle, { policy: null, trust }, { allowMock: true, now: () => io.now() });
    const legacy = report.checks.filter(({ id, status }) => id === 'legacy.format' && status !== 'skipped');
    const checks = [...report.checks.slice(0, LAST_CHECK + 1), ...legacy];
    const statuses = new Set(checks.map(({ status }) => status));
    const result = statuses.has('fail') ? 'fail' : statuses.has('warn') ? 'warn' : 'ok';
    const { bundle_id, manifest_hash, proof_hash, trust_hash } = report;
    const unchecked = ['proof', 'rules', 'statement', 'lists'];
    const words = WORDS[options.lang];
    printResult(io, options, { result, unchecked, bundle_id, manifest_hash, proof_hash, trust_hash, checks }, () =>
      [
        `${statusWords(options.lang)[result]}: ${words[result]}`,
        `${words.unchecked}\n`,
        ...checks.flatMap(({ id, status, expected, actual, message }) => [
          `${statusWords(options.lang)[status].padEnd(9)} ${id.padEnd(22)} ${message[options.lang]}`,
          ...(status === 'fail' || status === 'warn' ? [expected, actual] : [])
            .filter((text) => text !== null)
            .map((text) => `${' '.repeat(12)}${printable(particulars(id, text, options.lang))}`),
        ]),
      ].join('\n'),
    );
    return { ok: EXIT.ok, warn: EXIT.warn, fail: EXIT.fault }[result];
  },
});
