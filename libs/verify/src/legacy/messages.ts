import type { CheckId, CheckStatus } from '../report/checks.js';

const say = (en: string, de: string) => ({ en, de });

/** What the checks found, where they look at something else than in a current bundle. */
export const LEGACY_MESSAGES: Partial<Record<CheckId, Partial<Record<CheckStatus, { en: string; de: string }>>>> = {
  'files.unlisted': {
    warn: say(
      'The bundle holds files that are not listed: nothing vouches for them.',
      'Das Bündel enthält nicht aufgeführte Dateien: Nichts bürgt für sie.',
    ),
  },
  'manifest.commitments': {
    ok: say(
      'The company root is the hash of the roots of both lists.',
      'Die Firmenwurzel ist die Prüfsumme der Wurzeln beider Listen.',
    ),
    fail: say(
      'The company root is not the hash of the roots of both lists.',
      'Die Firmenwurzel ist nicht die Prüfsumme der Wurzeln beider Listen.',
    ),
  },
  'signature.present': {
    ok: say('The manifest is signed.', 'Das Manifest ist signiert.'),
    fail: say('The manifest is not signed.', 'Das Manifest ist nicht signiert.'),
  },
  'signature.valid': {
    ok: say(
      'Every signature is valid and covers the manifest, and nothing else: not the proof.',
      'Jede Signatur ist gültig und deckt das Manifest ab, und nichts sonst: nicht den Beweis.',
    ),
    fail: say(
      'A signature is invalid, or covers another manifest.',
      'Eine Signatur ist ungültig oder deckt ein anderes Manifest ab.',
    ),
  },
  'proof.container': {
    ok: say('The proof has a known older format.', 'Der Beweis hat ein bekanntes älteres Format.'),
    fail: say('The proof has no known older format.', 'Der Beweis hat kein bekanntes älteres Format.'),
  },
  'proof.binding': {
    ok: say('The proof names this manifest by its hash.', 'Der Beweis nennt dieses Manifest mit seiner Prüfsumme.'),
    fail: say(
      'The proof names another manifest or policy.',
      'Der Beweis nennt ein anderes Manifest oder eine andere Richtlinie.',
    ),
  },
  'proof.valid': {
    ok: say(
      'The proof reports no failed check; it cannot be recomputed.',
      'Der Beweis meldet keine fehlgeschlagene Prüfung; nachrechnen lässt er sich nicht.',
    ),
    fail: say('The proof itself reports a failed check.', 'Der Beweis selbst meldet eine fehlgeschlagene Prüfung.'),
  },
};
