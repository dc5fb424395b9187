import { type Bundle } from '@cap/proof';
import { LEGACY_MESSAGES } from '../legacy/messages.js';
import { type CheckId, type CheckStatus } from './checks.js';

interface Message {
  en: string;
  de: string;
}

/** What a check found, by status. `any`: said whatever the status. */
type Messages = { ok: Message; warn?: Message; fail?: Message } | { any: Message };

const say = (en: string, de: string): Message => ({ en, de });

const SKIPPED = say(
  'Not checked: not asked for, or what it needs is missing or failed.',
  'Nicht geprüft: nicht verlangt, oder die Grundlage fehlt oder fiel durch.',
);

/**
 * Checks that are judged by time have one message for all their statuses: the clock may change a report's statuses,
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
    ok: say('Every listed file has its size and hash.', 'Jede aufgeführte Datei hat ihre Größe und Prüfsumme.'),
    fail: say('A listed file is missing or was changed.', 'Eine aufgeführte Datei fehlt oder wurde verändert.'),
  },
  'files.unlisted': {
    ok: say('The bundle holds only listed files.', 'Das Bündel enthält nur aufgeführte Dateien.'),
    fail: say('The bundle holds a file that is not listed.', 'Das Bündel enthält eine nicht aufgeführte Datei.'),
  },
  'files.copies': {
    ok: say(
      'Every copy in the bundle (policy, reference lists, disclosure) is what manifest and proof name.',
      'Jede Kopie im Bündel (Richtlinie, Referenzlisten, Offenlegung) ist, was Manifest und Beweis nennen.',
    ),
    fail: say(
      'A copy in the bundle is not what manifest or proof name: do not read it.',
      'Eine Kopie im Bündel ist nicht, was Manifest oder Beweis nennen: Lesen Sie sie nicht.',
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
      'The commitments contradict the manifest, or are not one for each list.',
      'Die Festlegungen auf die Listen widersprechen dem Manifest oder sind nicht eine für jede Liste.',
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
      'The trust store names every signer, and the company for which the first signed, if the manifest names one.',
      'Der Vertrauensspeicher nennt jeden Unterzeichner und das Unternehmen, für das der erste signiert hat, falls das Manifest eines nennt.',
    ),
    warn: say(
      "A signer is not in the trust store, or there is none, or it does not have the manifest's company for the statement's signer.",
      'Ein Unterzeichner steht nicht im Vertrauensspeicher, oder es gibt keinen, oder er hat das Unternehmen des Manifests nicht zum Unterzeichner der Aussage.',
    ),
    fail: say(
      "A signer's key is revoked, and no trusted time before the revocation is known.",
      'Der Schlüssel eines Unterzeichners ist widerrufen, und keine vertrauenswürdige Zeit vor dem Widerruf ist bekannt.',
    ),
  },
  'signer.validity': {
    any: say(
      "Each signing key's validity, judged at the trusted time of the signature, or else at the time of this verification: outside it is a warning without a trusted time, a failure with one.",
      'Gültigkeit jedes Signaturschlüssels, beurteilt zur vertrauenswürdigen Zeit der Signatur, sonst zur Zeit dieser Prüfung: außerhalb davon ist ohne vertrauenswürdige Zeit eine Warnung, mit einer ein Fehler.',
    ),
  },
  timestamp: {
    ok: say('The time stamp is valid.', 'Der Zeitstempel ist gültig.'),
    warn: say('There is no time stamp.', 'Es gibt keinen Zeitstempel.'),
    fail: say('The time stamp is missing or invalid.', 'Der Zeitstempel fehlt oder ist ungültig.'),
  },
  'policy.pinned': {
    ok: say("The rules are the verifier's own policy.", 'Die Regeln stammen aus der eigenen Richtlinie des Prüfers.'),
    warn: say(
      'The verifier does not have the policy: the rules are at best claimed.',
      'Der Prüfer hat die Richtlinie nicht: Die Regeln sind bestenfalls behauptet.',
    ),
  },
  'policy.status': {
    ok: say(
      'The policy is active, or a file of the verifier, which has no status.',
      'Die Richtlinie ist in Kraft, oder sie ist eine Datei des Prüfers, die keinen Status hat.',
    ),
    warn: say(
      'The policy is deprecated, or its status could not be asked for.',
      'Die Richtlinie ist veraltet, oder ihr Status konnte nicht erfragt werden.',
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
    ok: say('The kind of proof is known and accepted.', 'Die Beweisart ist bekannt und zugelassen.'),
    fail: say(
      'The kind of proof is unknown, not accepted, or not the announced one.',
      'Die Beweisart ist unbekannt, nicht zugelassen oder nicht die angekündigte.',
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
      'The proof holds for the committed rows, as far as its kind shows anything of them.',
      'Der Beweis gilt für die festgelegten Zeilen, soweit seine Art etwas über sie zeigt.',
    ),
    fail: say('The proof does not hold.', 'Der Beweis gilt nicht.'),
  },
  'proof.claimed-only': {
    ok: say('The proof shows more than claims.', 'Der Beweis zeigt mehr als Behauptungen.'),
    warn: say("The proof carries only the prover's claims.", 'Der Beweis enthält nur Behauptungen des Erstellers.'),
    fail: say(
      "The proof carries only the prover's claims, which are not accepted here.",
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
    ok: say('The proof carries the expected nonce.', 'Der Beweis trägt den erwarteten Einmalwert.'),
    fail: say('The proof does not carry the expected nonce.', 'Der Beweis trägt nicht den erwarteten Einmalwert.'),
  },
  'statement.time': {
    any: say(
      "The statement's times, judged at the trusted time of the signature, or else at the time of this verification: before it was issued or the bundle was made, or after its end, is a failure.",
      'Zeiten der Aussage, beurteilt zur vertrauenswürdigen Zeit der Signatur, sonst zur Zeit dieser Prüfung: vor ihrer Ausstellung, vor der Erstellung des Bündels oder nach ihrem Ende ist es ein Fehler.',
    ),
  },
  'lists.company': {
    any: say(
      "Age of the company's own lists, judged at the trusted time of the signature, or else at the time of this verification: older than the policy allows is a warning, of a day to come a failure.",
      'Alter der eigenen Listen des Unternehmens, beurteilt zur vertrauenswürdigen Zeit der Signatur, sonst zur Zeit dieser Prüfung: älter als die Richtlinie erlaubt ist eine Warnung, von einem künftigen Tag ein Fehler.',
    ),
  },
  'lists.known': {
    ok: say(
      'The verifier holds every reference list that the rules use.',
      'Der Prüfer besitzt jede Referenzliste, die die Regeln verwenden.',
    ),
    warn: say(
      'A reference list was withdrawn, or entries of it lack a field that matching needs: they can match nothing.',
      'Eine Referenzliste wurde zurückgezogen, oder Einträgen fehlt ein Feld, das der Abgleich braucht: Sie können nichts treffen.',
    ),
    fail: say(
      'The verifier does not hold a reference list that the rules use, or nothing can be found on it.',
      'Der Prüfer besitzt eine Referenzliste nicht, die die Regeln verwenden, oder auf ihr lässt sich nichts finden.',
    ),
  },
  'lists.age': {
    any: say(
      'Age of the reference lists, judged at the trusted time of the signature, or else at the time of this verification: older than the policy allows, or not the newest known one, is a warning.',
      'Alter der Referenzlisten, beurteilt zur vertrauenswürdigen Zeit der Signatur, sonst zur Zeit dieser Prüfung: älter als die Richtlinie erlaubt oder nicht die neueste bekannte ist eine Warnung.',
    ),
  },
  'registry.match': {
    ok: say(
      'The registry has an entry for this bundle, whatever its verdict was.',
      'Das Register führt dieses Bündel, mit welchem Urteil auch immer.',
    ),
    fail: say(
      'Nothing shows that the registry has an entry for this bundle.',
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
