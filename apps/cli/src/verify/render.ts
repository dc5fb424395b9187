import { styleText } from 'node:util';
import type { Language } from '@cap/lists';
import type { Report } from '@cap/verify';
import { printable, printableIn } from '../printable.js';
import { factWords, schemeWords } from './fact-words.js';
import { particulars } from './particulars.js';

const WORDS = {
  en: {
    verdict: {
      ok: 'OK: every rule holds for the committed rows, and no check found anything wrong',
      okWithSample:
        'OK: every rule holds for the committed rows, no check found anything wrong, and the opened rows are those of the proof',
      warn: 'WARNING: no check failed, but see the warnings below',
      warnWithSample:
        'WARNING: no check failed, and the opened rows are those of the proof, but see the warnings below',
      fail: 'FAILED',
      failedSample: 'FAILED: the opened rows could not be confirmed as those of the proof',
    },
    bundle: 'Bundle',
    manifest: 'Manifest',
    proof: 'Proof',
    policy: 'Your policy',
    trust: 'Trust store',
    at: 'Verified as of',
    company: 'Company',
    signer: 'Signed by',
    unknownSigner: 'not in your trust store',
    issued: 'Proof created',
    ends: 'Proof expires',
    none: 'none',
    noTrust: 'none',
    checks: 'Checks',
    compared: 'Comparison',
    comparison: '{list} with {id} as of {as_of} by {by}; {usable} of its {entries} entries can be compared',
    rules: 'Rules',
    noRules: 'no rule could be evaluated',
    expected: 'expected',
    actual: 'found',
    status: { ok: 'ok', warn: 'warning', fail: 'FAILED', skipped: 'skipped' },
    rule: { proven: 'proven', disclosed: 'disclosed', claimed: 'claimed', violated: 'VIOLATED', unproven: 'UNPROVEN' },
  },
  de: {
    verdict: {
      ok: 'IN ORDNUNG: jede Regel gilt für die festgelegten Zeilen, und keine Prüfung fand einen Fehler',
      okWithSample:
        'IN ORDNUNG: jede Regel gilt für die festgelegten Zeilen, keine Prüfung fand einen Fehler, und die geöffneten Zeilen gehören zum Beweis',
      warn: 'WARNUNG: keine Prüfung ist fehlgeschlagen, aber beachten Sie die Warnungen unten',
      warnWithSample:
        'WARNUNG: keine Prüfung ist fehlgeschlagen, und die geöffneten Zeilen gehören zum Beweis, aber beachten Sie die Warnungen unten',
      fail: 'NICHT BESTANDEN',
      failedSample: 'NICHT BESTANDEN: die geöffneten Zeilen ließen sich nicht als die des Beweises bestätigen',
    },
    bundle: 'Bündel',
    manifest: 'Manifest',
    proof: 'Beweis',
    policy: 'Ihre Richtlinie',
    trust: 'Vertrauensspeicher',
    at: 'Beurteilt zum',
    company: 'Unternehmen',
    signer: 'Signiert von',
    unknownSigner: 'nicht in Ihrem Vertrauensspeicher',
    issued: 'Beweis erstellt',
    ends: 'Beweis gilt bis',
    none: 'keine',
    noTrust: 'keiner',
    checks: 'Prüfungen',
    compared: 'Verglichen',
    comparison: '{list} mit {id}, Stand {as_of}, nach {by}; {usable} von {entries} Einträgen lassen sich vergleichen',
    rules: 'Regeln',
    noRules: 'keine Regel konnte beurteilt werden',
    expected: 'erwartet',
    actual: 'gefunden',
    status: { ok: 'ok', warn: 'Warnung', fail: 'FEHLER', skipped: 'entfällt' },
    rule: {
      proven: 'bewiesen',
      disclosed: 'offengelegt',
      claimed: 'behauptet',
      violated: 'VERLETZT',
      unproven: 'UNBEWIESEN',
    },
  },
} as const;

/** The words for a check's status, for other verbs that print checks. */
export const statusWords = (language: Language) => WORDS[language].status;

const COLOURS = {
  ok: 'green',
  proven: 'green',
  disclosed: 'green',
  warn: 'yellow',
  claimed: 'yellow',
  fail: 'red',
  violated: 'red',
  unproven: 'red',
  skipped: 'gray',
} as const;

/** One line that covers everything that was asked: rows that could not be confirmed are no footnote to an ok. */
function headline({ result, sample }: Report, verdict: (typeof WORDS)[Language]['verdict']): string {
  if (sample?.result === 'fail') return verdict.failedSample;
  return sample && result !== 'fail' ? verdict[`${result}WithSample`] : verdict[result];
}

/** The report for people. Everything it says is in the report; nothing is decided here. */
export function renderReport(raw: Report, { language, colour }: { language: Language; colour: boolean }): string {
  const words = WORDS[language];
  // Rule ids, and what was expected and found, quote the bundle or the policy.
  const report = printableIn(raw);
  const facts = raw.rules.map(({ fact, message }) => printable(message?.[language] ?? factWords(fact, language)));
  const paint = (status: keyof typeof COLOURS, text: string) =>
    colour ? styleText(COLOURS[status], text, { validateStream: false }) : text;
  const named: [string, string | null][] = [
    [words.bundle, report.bundle_id],
    [words.manifest, report.manifest_hash],
    [words.proof, report.proof_hash],
    [words.policy, report.policy_hash ?? words.none],
    [words.trust, report.trust_hash ?? words.noTrust],
    [words.at, report.at],
    [words.company, report.company],
    ...report.signers.map(({ kid, owner }): [string, string] => [
      words.signer,
      `${owner ?? words.unknownSigner} (${kid})`,
    ]),
    [words.issued, report.statement?.issued_at ?? null],
    [words.ends, report.statement?.expires_at ?? null],
    ...report.lists.map((compared): [string, string] => [words.compared, comparisonWords(compared, language)]),
  ];
  const lines = [paint(report.result, headline(report, words.verdict)), ''];
  for (const [name, value] of named) if (value !== null) lines.push(`${name.padEnd(18)} ${value}`);

  lines.push('', words.rules);
  if (report.rules.length === 0) lines.push(`  ${words.noRules}`);
  const width = Math.max(0, ...report.rules.map(({ rule_id }) => rule_id.length));
  for (const [i, { rule_id, status }] of report.rules.entries()) {
    const word = paint(status, words.rule[status].padEnd(12));
    lines.push(`  ${word} ${rule_id.padEnd(width)}  ${facts[i]}`.trimEnd());
  }

  lines.push('', words.checks);
  for (const { id, status, expected, actual, message } of report.checks) {
    lines.push(`  ${paint(status, words.status[status].padEnd(9))} ${id.padEnd(22)} ${message[language]}`.trimEnd());
    if (status !== 'fail' && status !== 'warn') continue;
    for (const [word, text] of [
      [words.expected, expected],
      [words.actual, actual],
    ] as const)
      if (text !== null) lines.push(`${' '.repeat(12)}${word}: ${particulars(id, text, language)}`);
  }
  return `${lines.join('\n')}\n`;
}

function comparisonWords({ list, scheme, reference }: Report['lists'][number], language: Language): string {
  const { id, as_of, usable, entries } = reference;
  const values: Record<string, unknown> = { list, id, as_of, usable, entries, by: schemeWords(scheme, language) };
  return WORDS[language].comparison.replaceAll(/\{(\w+)\}/g, (_, name: string) => String(values[name]));
}
