import { type Language } from '@cap/policy';

/**
 * What stands in `expected` and `actual` of a report beside hashes, names and times. The report has these words in English
 * only, since its bytes are the same wherever it is judged; here they are put into the language of whoever reads it.
 */
const GERMAN: readonly [english: string, german: string][] = [
  ['neither the trust store nor the envelope has it', 'weder der Vertrauensspeicher noch der Umschlag hat ihn'],
  ['the signatures cover other bytes', 'die Signaturen decken andere Bytes ab'],
  ['the signature does not verify', 'die Signatur stimmt nicht'],
  ['the envelope carries another key', 'der Umschlag enthält einen anderen Schlüssel'],
  ['an envelope without signatures', 'ein Umschlag ohne Signaturen'],
  ['the registry does not answer', 'das Register antwortet nicht'],
  ['revoked, no trusted time before', 'widerrufen, keine vertrauenswürdige Zeit davor'],
  ['a signer in the trust store', 'ein Unterzeichner im Vertrauensspeicher'],
  ['not in the trust store', 'nicht im Vertrauensspeicher'],
  ['no trust store', 'kein Vertrauensspeicher'],
  ['one signature for each key', 'eine Signatur je Schlüssel'],
  ['one signer in all statements', 'ein Unterzeichner in allen Aussagen'],
  ['one company in all manifests', 'ein Unternehmen in allen Manifesten'],
  ['no reference list is named', 'keine Referenzliste ist genannt'],
  ['only a zip has a bundle id', 'nur ein Zip hat eine Bündelnummer'],
  ['a valid signature by', 'eine gültige Signatur von'],
  ['no proof opens rows', 'kein Beweis öffnet Zeilen'],
  ['what the proof opens', 'was der Beweis öffnet'],
  ['not a readable list', 'keine lesbare Liste'],
  ['named by the manifest', 'im Manifest genannt'],
  ['as _meta.json says', 'wie _meta.json sagt'],
  ['a proof of facts', 'ein Beweis von Tatsachen'],
  ['the public key of', 'der öffentliche Schlüssel von'],
  ['the public key', 'der öffentliche Schlüssel'],
  ['the newest known', 'die neueste bekannte'],
  ['the newest is of', 'die neueste ist vom'],
  ['a DSSE envelope', 'ein DSSE-Umschlag'],
  ['another spelling', 'eine andere Schreibweise'],
  ['the bytes of', 'die Bytes von'],
  ['signed before', 'signiert vor'],
  ['registered at', 'registriert am'],
  ['something else', 'etwas anderes'],
  ['not built in', 'nicht eingebaut'],
  ['a signature', 'eine Signatur'],
  ['several by', 'mehrere von'],
  ['JCS bytes', 'Bytes nach JCS'],
  ['not there', 'nicht vorhanden'],
  ['not named', 'nicht genannt'],
  ['not held', 'liegt nicht vor'],
  ['held as', 'liegt vor als'],
  ['no entry', 'kein Eintrag'],
  ['can be compared with', 'sind vergleichbar mit'],
  ['by name and date of birth', 'nach Name und Geburtsdatum'],
  ['by name and country', 'nach Name und Land'],
  ['by id', 'nach Kennung'],
  ['entries of', 'Einträgen von'],
  ['days old', 'Tage alt'],
  ['signatures', 'Signaturen'],
  ['proof unit', 'Beweiseinheit'],
  ['at most', 'höchstens'],
  ['entries', 'Einträge'],
  ['deprecated', 'veraltet'],
  ['policy', 'Richtlinie'],
  ['unknown', 'unbekannt'],
  ['active', 'in Kraft'],
  ['as of', 'Stand'],
  ['bytes', 'Bytes'],
  ['draft', 'Entwurf'],
  ['from', 'von'],
  ['none', 'keine'],
  ['of', 'von'],
  ['or', 'oder'],
  ['to', 'bis'],
];

const escaped = (text: string): string => text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
// Not a part of a file's name, a hash or a longer word.
const PHRASE = new RegExp(`(?<![\\w./-])(?:${GERMAN.map(([english]) => escaped(english)).join('|')})(?![\\w./-])`, 'g');
const TRANSLATION = new Map(GERMAN);

export const particulars = (text: string, language: Language): string =>
  language === 'en' ? text : text.replace(PHRASE, (phrase) => TRANSLATION.get(phrase)!);
