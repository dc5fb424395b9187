import { styleText } from 'node:util';
import { type Report } from '@cap/proof';
import { printable, printableIn } from '../frame/printable.js';
import { factWords } from './fact-words.js';

export type Language = 'en' | 'de';

const WORDS = {
  en: {
    verdict: {
      ok: 'OK: every rule holds and nothing is wrong',
      warn: 'WARNING: nothing is wrong, but read on',
      fail: 'FAILED',
    },
    bundle: 'Bundle',
    manifest: 'Manifest',
    proof: 'Proof',
    policy: 'Your policy',
    trust: 'Trust store',
    at: 'Judged as of',
    none: 'none',
    checks: 'Checks',
    rules: 'Rules',
    noRules: 'no rule could be judged',
    expected: 'expected',
    actual: 'found',
    status: { ok: 'ok', warn: 'warning', fail: 'FAILED', skipped: 'skipped' },
    rule: { proven: 'proven', disclosed: 'disclosed', claimed: 'claimed', violated: 'VIOLATED', unproven: 'UNPROVEN' },
  },
  de: {
    verdict: {
      ok: 'IN ORDNUNG: jede Regel gilt, nichts ist falsch',
      warn: 'WARNUNG: nichts ist falsch, aber lesen Sie weiter',
      fail: 'NICHT BESTANDEN',
    },
    bundle: 'Bündel',
    manifest: 'Manifest',
    proof: 'Beweis',
    policy: 'Ihre Richtlinie',
    trust: 'Vertrauensspeicher',
    at: 'Beurteilt zum',
    none: 'keine',
    checks: 'Prüfungen',
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

/** The report as an auditor reads it. What it says is in the report; nothing is judged here. */
export function renderReport(judged: Report, { language, colour }: { language: Language; colour: boolean }): string {
  const words = WORDS[language];
  // Rule ids, and what was expected and found, are words of whoever wrote the bundle or the policy.
  const report = printableIn(judged);
  const facts = judged.rules.map(({ fact }) => printable(factWords(fact, language)));
  const paint = (status: keyof typeof COLOURS, text: string) =>
    colour ? styleText(COLOURS[status], text, { validateStream: false }) : text;
  const named: [string, string | null][] = [
    [words.bundle, report.bundle_id],
    [words.manifest, report.manifest_hash],
    [words.proof, report.proof_hash],
    [words.policy, report.policy_hash ?? words.none],
    [words.trust, report.trust_hash ?? words.none],
    [words.at, report.at],
  ];
  const lines = [paint(report.result, words.verdict[report.result]), ''];
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
    if (expected !== null) lines.push(`${' '.repeat(12)}${words.expected}: ${expected}`);
    if (actual !== null) lines.push(`${' '.repeat(12)}${words.actual}: ${actual}`);
  }
  return `${lines.join('\n')}\n`;
}
