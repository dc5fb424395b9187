import type { Bundle } from '@cap/proof/bundle';
import { LEGACY_MESSAGES } from '../legacy/messages.js';
import type { CheckId, CheckStatus } from './checks.js';

interface Message {
  en: string;
  de: string;
}

/** What a check found, by status. `any`: said whatever the status. */
type Messages = { ok: Message; warn?: Message; fail?: Message } | { any: Message };

const say = (en: string, de: string): Message => ({ en, de });

const SKIPPED = say(
  'Skipped: it was not requested, or something it depends on is missing or failed.',
  'Nicht geprüft: nicht verlangt, oder etwas, worauf die Prüfung beruht, fehlt oder ist fehlgeschlagen.',
);

/**
 * Checks that depend on the time have one message for all their statuses: the clock may change a report's statuses,
 * nothing else.
 */
const MESSAGES: Record<CheckId, Messages> = {
  'meta.schema': {
    ok: say('_meta.json has the known format.', '_meta.json hat das bekannte Format.'),
    fail: say('_meta.json does not have a known format.', '_meta.json hat kein bekanntes Format.'),
  },
  'meta.units': {
    ok: say(
      'The proof units are complete and in order, and name one signer and one company at most.',
      'Die Beweiseinheiten sind vollständig und geordnet und nennen einen Unterzeichner und höchstens ein Unternehmen.',
    ),
    fail: say(
      'The proof units are missing or contradict each other.',
      'Die Beweiseinheiten fehlen oder widersprechen sich.',
    ),
  },
  'files.hash': {
    ok: say(
      'Every listed file has the size and hash given in _meta.json.',
      'Jede aufgeführte Datei hat die Größe und Prüfsumme, die _meta.json angibt.',
    ),
    fail: say('A listed file is missing or was changed.', 'Eine aufgeführte Datei fehlt oder wurde verändert.'),
  },
  'files.unlisted': {
    ok: say('The bundle contains only listed files.', 'Das Bündel enthält nur aufgeführte Dateien.'),
    fail: say('The bundle contains a file that is not listed.', 'Das Bündel enthält eine nicht aufgeführte Datei.'),
  },
  'files.copies': {
    ok: say(
      'The copies in the bundle (policy, reference lists, disclosure) match the manifest and the proof.',
      'Die Kopien im Bündel (Richtlinie, Referenzlisten, Offenlegung) stimmen mit Manifest und Beweis überein.',
    ),
    fail: say(
      'A copy in the bundle does not match the manifest or the proof: do not rely on it.',
      'Eine Kopie im Bündel stimmt nicht mit Manifest oder Beweis überein: Verlassen Sie sich nicht auf sie.',
    ),
  },
  'manifest.schema': {
    ok: say('The manifest has the known format.', 'Das Manifest hat das bekannte Format.'),
    fail: say('The manifest does not have a known format.', 'Das Manifest hat kein bekanntes Format.'),
  },
  'manifest.canonical': {
    ok: say('The manifest is canonical JSON.', 'Das Manifest ist kanonisches JSON.'),
    fail: say('The manifest is not canonical JSON (RFC 8785).', 'Das Manifest ist kein kanonisches JSON (RFC 8785).'),
  },
  'manifest.commitments': {
    ok: say(
      'Each list has one commitment, and the commitments agree with the manifest.',
      'Jede Liste hat eine Festlegung, und die Festlegungen stimmen mit dem Manifest überein.',
    ),
    fail: say(
      'The commitments contradict the manifest, or a list has none or several.',
      'Die Festlegungen widersprechen dem Manifest, oder eine Liste hat keine oder mehrere.',
    ),
  },
  'signature.present': {
    ok: say('The bundle is signed.', 'Das Bündel ist signiert.'),
    fail: say('The bundle is not signed.', 'Das Bündel ist nicht signiert.'),
  },
  'signature.valid': {
    ok: say('Every signature is valid and covers _meta.json.', 'Jede Signatur ist gültig und deckt _meta.json ab.'),
    fail: say(
      'A signature is invalid, or does not cover _meta.json.',
      'Eine Signatur ist ungültig oder deckt _meta.json nicht ab.',
    ),
  },
  'signer.trusted': {
    ok: say(
      "The trust store has every signer, and the proof's signer signs for the company in the manifest, if it names one.",
      'Der Vertrauensspeicher nennt jeden Unterzeichner, und der Unterzeichner des Beweises signiert für das Unternehmen im Manifest, falls es eines nennt.',
    ),
    warn: say(
      "A signer is not in the trust store, no trust store was given, or the proof's signer is not registered there for the company in the manifest.",
      'Ein Unterzeichner steht nicht im Vertrauensspeicher, es wurde keiner angegeben, oder der Unterzeichner des Beweises steht dort nicht für das Unternehmen im Manifest.',
    ),
    fail: say(
      "A signer's key is revoked, and no trusted time before the revocation is known.",
      'Der Schlüssel eines Unterzeichners ist widerrufen, und keine vertrauenswürdige Zeit vor dem Widerruf ist bekannt.',
    ),
  },
  'signer.validity': {
    any: say(
      'Validity of each signing key at the trusted time of the signature or, if there is none, at the time of this verification. A key outside its validity is a failure with a trusted time, and a warning without one.',
      'Gültigkeit jedes Signaturschlüssels zur vertrauenswürdigen Zeit der Signatur oder, wenn es keine gibt, zur Zeit dieser Prüfung. Ein Schlüssel außerhalb seiner Gültigkeit ist mit vertrauenswürdiger Zeit ein Fehler, ohne eine Warnung.',
    ),
  },
  timestamp: {
    ok: say('The timestamp is valid.', 'Der Zeitstempel ist gültig.'),
    warn: say('There is no timestamp.', 'Es gibt keinen Zeitstempel.'),
    fail: say('The timestamp is missing or invalid.', 'Der Zeitstempel fehlt oder ist ungültig.'),
  },
  'policy.pinned': {
    ok: say(
      "The rules come from the verifier's own policy.",
      'Die Regeln stammen aus der eigenen Richtlinie des Prüfers.',
    ),
    warn: say(
      'The verifier does not have the policy: the rules are at best claimed.',
      'Der Prüfer hat die Richtlinie nicht: Die Regeln sind bestenfalls behauptet.',
    ),
  },
  'policy.status': {
    ok: say(
      'The policy is active. (A policy from a file counts as active.)',
      'Die Richtlinie ist in Kraft. (Eine Richtlinie aus einer Datei gilt als in Kraft.)',
    ),
    warn: say(
      'The policy is deprecated, or the registry could not be asked for its status.',
      'Die Richtlinie ist veraltet, oder das Register konnte nicht nach ihrem Status gefragt werden.',
    ),
    fail: say('The policy is only a draft.', 'Die Richtlinie ist nur ein Entwurf.'),
  },
  'policy.hash': {
    ok: say(
      'Manifest, proof units and verifier name the same policy.',
      'Manifest, Beweiseinheiten und Prüfer nennen dieselbe Richtlinie.',
    ),
    fail: say(
      'Manifest, proof units and verifier name different policies.',
      'Manifest, Beweiseinheiten und Prüfer nennen verschiedene Richtlinien.',
    ),
  },
  'proof.container': {
    ok: say('The proof is a CAPZ container.', 'Der Beweis ist ein CAPZ-Container.'),
    fail: say('The proof is not a readable CAPZ container.', 'Der Beweis ist kein lesbarer CAPZ-Container.'),
  },
  'proof.backend': {
    ok: say('The backend of the proof is known and accepted.', 'Die Beweisart ist bekannt und zugelassen.'),
    fail: say(
      'The backend of the proof is unknown, not accepted, or not the one named in _meta.json.',
      'Die Beweisart ist unbekannt, nicht zugelassen oder nicht die in _meta.json genannte.',
    ),
  },
  'proof.vk': {
    ok: say(
      'The proof names the right verifying key and parameters.',
      'Der Beweis nennt den richtigen Prüfschlüssel und die richtigen Parameter.',
    ),
    fail: say(
      'The proof names another verifying key or other parameters.',
      'Der Beweis nennt einen anderen Prüfschlüssel oder andere Parameter.',
    ),
  },
  'proof.binding': {
    ok: say(
      'The proof is bound to this manifest, policy and statement.',
      'Der Beweis ist an dieses Manifest, diese Richtlinie und diese Aussage gebunden.',
    ),
    fail: say(
      'The proof is bound to another manifest, policy or statement.',
      'Der Beweis ist an ein anderes Manifest, eine andere Richtlinie oder Aussage gebunden.',
    ),
  },
  'proof.valid': {
    ok: say(
      'The proof is valid for the committed rows (a mock proof shows nothing about them).',
      'Der Beweis ist für die festgelegten Zeilen gültig (ein Mock-Beweis zeigt nichts über sie).',
    ),
    fail: say('The proof is not valid.', 'Der Beweis ist nicht gültig.'),
  },
  'proof.claimed-only': {
    ok: say('The proof contains evidence, not only claims.', 'Der Beweis enthält Belege, nicht nur Behauptungen.'),
    warn: say("The proof contains only the prover's claims.", 'Der Beweis enthält nur Behauptungen des Erstellers.'),
    fail: say(
      "The proof contains only the prover's claims, which are not accepted here.",
      'Der Beweis enthält nur Behauptungen des Erstellers; das ist hier nicht zugelassen.',
    ),
  },
  'statement.signer': {
    ok: say(
      'The key that the statement names signed the bundle.',
      'Der Schlüssel, den die Aussage nennt, hat das Bündel signiert.',
    ),
    fail: say(
      'No valid signature is by the key that the statement names: somebody else made the proof.',
      'Keine gültige Signatur stammt vom Schlüssel, den die Aussage nennt: Ein anderer hat den Beweis erstellt.',
    ),
  },
  'statement.audience': {
    ok: say('The proof names the expected audience.', 'Der Beweis nennt den erwarteten Empfänger.'),
    fail: say('The proof does not name the expected audience.', 'Der Beweis nennt nicht den erwarteten Empfänger.'),
  },
  'statement.nonce': {
    ok: say('The proof contains the expected nonce.', 'Der Beweis trägt den erwarteten Einmalwert.'),
    fail: say('The proof does not contain the expected nonce.', 'Der Beweis trägt nicht den erwarteten Einmalwert.'),
  },
  'statement.time': {
    any: say(
      "The statement's times, compared with the trusted time of the signature or, if there is none, with the time of this verification. Before the statement was issued or the bundle was made, or after the proof has expired, is a failure.",
      'Zeiten der Aussage, verglichen mit der vertrauenswürdigen Zeit der Signatur oder, wenn es keine gibt, mit der Zeit dieser Prüfung. Vor ihrer Ausstellung, vor der Erstellung des Bündels oder nach Ablauf des Beweises ist es ein Fehler.',
    ),
  },
  'lists.company': {
    any: say(
      "Age of the company's own lists at the trusted time of the signature or, if there is none, at the time of this verification. Older than the policy allows is a warning, dated in the future a failure.",
      'Alter der eigenen Listen des Unternehmens zur vertrauenswürdigen Zeit der Signatur oder, wenn es keine gibt, zur Zeit dieser Prüfung. Älter als die Richtlinie erlaubt ist eine Warnung, von einem künftigen Tag ein Fehler.',
    ),
  },
  'lists.known': {
    ok: say(
      'The verifier has every reference list that the rules use.',
      'Der Prüfer hat jede Referenzliste, die die Regeln verwenden.',
    ),
    warn: say(
      "A reference list was withdrawn, or entries of it lack a field that matching needs, so they can't match any row.",
      'Eine Referenzliste wurde zurückgezogen, oder Einträgen fehlt ein Feld, das der Abgleich braucht: Sie können nichts treffen.',
    ),
    fail: say(
      'The verifier does not have a reference list that the rules use, or no entry of it can match any row.',
      'Der Prüfer hat eine Referenzliste nicht, die die Regeln verwenden, oder kein Eintrag darauf kann eine Zeile treffen.',
    ),
  },
  'lists.age': {
    any: say(
      'Age of the reference lists at the trusted time of the signature or, if there is none, at the time of this verification. A list that is older than the policy allows, or not the newest known, is a warning.',
      'Alter der Referenzlisten zur vertrauenswürdigen Zeit der Signatur oder, wenn es keine gibt, zur Zeit dieser Prüfung. Eine Liste, die älter ist, als die Richtlinie erlaubt, oder nicht die neueste bekannte, ist eine Warnung.',
    ),
  },
  'registry.match': {
    ok: say(
      'The registry has an entry for this bundle, whatever its verdict was.',
      'Das Register führt dieses Bündel, mit welchem Urteil auch immer.',
    ),
    fail: say(
      'There is no evidence that the registry has an entry for this bundle.',
      'Nichts belegt, dass das Register dieses Bündel führt.',
    ),
  },
  'legacy.format': {
    ok: say('The older format is known.', 'Das ältere Format ist bekannt.'),
    warn: say(
      'The bundle has an older format: its proof is only a claim.',
      'Das Bündel hat ein älteres Format: Sein Beweis ist nur eine Behauptung.',
    ),
    fail: say(
      'The bundle has neither the current format nor a known older one.',
      'Das Bündel hat weder das aktuelle noch ein bekanntes älteres Format.',
    ),
  },
};

export function messageOf(id: CheckId, status: CheckStatus, generation: Bundle['generation'] = 'current'): Message {
  if (status === 'skipped') return SKIPPED;
  const legacy = generation === 'legacy' ? LEGACY_MESSAGES[id]?.[status] : undefined;
  if (legacy) return legacy;
  const messages = MESSAGES[id];
  const message = 'any' in messages ? messages.any : messages[status];
  if (!message) throw new Error(`the check ${id} has no message for ${status}`);
  return message;
}
