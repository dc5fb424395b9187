import type { Language } from '@cap/lists';

/**
 * The `expected` and `actual` of a report's checks are English, because the report's bytes are the same wherever it is made.
 * These are the sentences and their German translations; `$1` is a name, a hash or a time, which is kept. A sentence that is
 * missing here is shown in English.
 */
const GERMAN: readonly [english: RegExp, german: string][] = [
  // files, copies
  [/^(.+): not there$/, '$1: nicht vorhanden'],
  [/^not there$/, 'nicht vorhanden'],
  [/^(.+): (\d+) bytes$/, '$1: $2 Bytes'],
  [/^(.+): policy (0x\w+)$/, '$1: Richtlinie $2'],
  [/^(.+): no reference list is named$/, '$1: keine Referenzliste ist genannt'],
  [/^(.+): what the proof opens$/, '$1: was der Beweis öffnet'],
  [/^(.+): no proof opens rows$/, '$1: kein Beweis öffnet Zeilen'],
  [/^something else$/, 'etwas anderes'],
  [/^one signer in all statements$/, 'ein Unterzeichner in allen Aussagen'],
  [/^one company in all manifests$/, 'ein Unternehmen in allen Manifesten'],
  [/^a proof unit for every manifest and proof$/, 'eine Beweiseinheit für jedes Manifest und jeden Beweis'],
  [/^JCS bytes \(RFC 8785\)$/, 'Bytes nach JCS (RFC 8785)'],
  [/^another spelling \((.+)\)$/, 'eine andere Schreibweise ($1)'],
  // signatures, signers
  [/^a signature$/, 'eine Signatur'],
  [/^a DSSE envelope$/, 'ein DSSE-Umschlag'],
  [/^an envelope without signatures$/, 'ein Umschlag ohne Signaturen'],
  [/^the bytes of (.+)$/, 'die Bytes von $1'],
  [/^the signatures cover other bytes$/, 'die Signaturen decken andere Bytes ab'],
  [/^one signature for each key$/, 'eine Signatur je Schlüssel'],
  [/^several by (\w+)$/, 'mehrere von $1'],
  [/^at most (\d+) signatures$/, 'höchstens $1 Signaturen'],
  [/^the public key(?: of)? (\w+)$/, 'der öffentliche Schlüssel $1'],
  [/^the envelope carries another key$/, 'der Umschlag enthält einen anderen Schlüssel'],
  [/^neither the trust store nor the envelope has it$/, 'weder der Vertrauensspeicher noch der Umschlag enthält ihn'],
  [/^a valid signature by (\w+)$/, 'eine gültige Signatur von $1'],
  [/^the signature does not verify$/, 'die Signatur stimmt nicht'],
  [/^a signer in the trust store$/, 'ein Unterzeichner im Vertrauensspeicher'],
  [/^(\w+): not in the trust store$/, '$1: nicht im Vertrauensspeicher'],
  [/^(\w+): no trust store$/, '$1: kein Vertrauensspeicher'],
  [/^signed before (\S+)$/, 'signiert vor $1'],
  [/^(.+): revoked, no trusted time before$/, '$1: widerrufen, keine vertrauenswürdige Zeit davor'],
  [/^the company of this key: (.*)$/, 'das Unternehmen dieses Schlüssels: $1'],
  [/^a company for this key in the trust store$/, 'ein Unternehmen zu diesem Schlüssel im Vertrauensspeicher'],
  [/^(.+): the manifest names (.*)$/, '$1: das Manifest nennt $2'],
  [/^(\w+): (\S+) to (\S+)$/, '$1: $2 bis $3'],
  // policy, proof
  [/^active$/, 'in Kraft'],
  [/^deprecated$/, 'veraltet'],
  [/^draft$/, 'Entwurf'],
  [/^unknown: the registry does not answer$/, 'unbekannt: Das Register antwortet nicht'],
  [/^proof unit (.+): (0x\w+)$/, 'Beweiseinheit $1: $2'],
  [/^([a-z-]+) or ([a-z-]+)$/, '$1 oder $2'],
  [/^([a-z-]+) or ([a-z-]+) or ([a-z-]+)$/, '$1 oder $2 oder $3'],
  [/^(.+), as _meta\.json says$/, '$1, wie _meta.json sagt'],
  [/^backend (\d+), not available$/, 'Beweisart $1, nicht verfügbar'],
  [/^a proof of facts$/, 'ein Beweis von Tatsachen'],
  [/^a proof of this statement$/, 'ein Beweis dieser Aussage'],
  [
    /^rejected: wrong, or bound to another manifest, policy, list or statement$/,
    'abgelehnt: falsch, oder an ein anderes Manifest, eine andere Richtlinie, Liste oder Aussage gebunden',
  ],
  [/^rejected: the pairing equation does not hold$/, 'abgelehnt: die Paarungsgleichung gilt nicht'],
  [
    /^(.+): the proof is bound to another manifest, policy or statement$/,
    '$1: der Beweis ist an ein anderes Manifest, eine andere Richtlinie oder Aussage gebunden',
  ],
  // times, lists, registry
  [/^from (\S+)$/, 'von $1'],
  [/^from (\S+) to (\S+)$/, 'von $1 bis $2'],
  [/^at most (\d+) days old$/, 'höchstens $1 Tage alt'],
  [/^(\S+) named by the manifest$/, '$1, im Manifest genannt'],
  [/^not named$/, 'nicht genannt'],
  [/^the verifier does not have it$/, 'der Prüfer hat sie nicht'],
  [/^known here as (\S+)$/, 'hier bekannt als $1'],
  [/^not a readable list: (.*)$/, 'keine lesbare Liste: $1'],
  [
    /^(\d+) of (\d+) entries of (\S+) can be compared with (\S+) by name and country$/,
    '$1 von $2 Einträgen von $3 lassen sich nach Name und Land mit $4 vergleichen',
  ],
  [
    /^(\d+) of (\d+) entries of (\S+) can be compared with (\S+) by name and date of birth$/,
    '$1 von $2 Einträgen von $3 lassen sich nach Name und Geburtsdatum mit $4 vergleichen',
  ],
  [
    /^(\d+) of (\d+) entries of (\S+) can be compared with (\S+) by id$/,
    '$1 von $2 Einträgen von $3 lassen sich nach Kennung mit $4 vergleichen',
  ],
  [/^(\d+) entries of (\S+)$/, '$1 Einträge von $2'],
  [/^withdrawn on (\S+)$/, 'zurückgezogen am $1'],
  [/^(\S+): the newest known$/, '$1: die neueste bekannte'],
  [/^(\S+): the newest known, at most (\d+) days old$/, '$1: die neueste bekannte, höchstens $2 Tage alt'],
  [/^(\S+): as of ([^\s,]+)$/, '$1: Stand $2'],
  [/^(\S+): as of ([^\s,]+), the newest is of ([^\s,]+)$/, '$1: Stand $2, die neueste ist vom $3'],
  [/^(\S+): as of ([^\s,]+), the registry does not answer$/, '$1: Stand $2, das Register antwortet nicht'],
  [/^only a zip has a bundle id$/, 'nur ein Zip hat eine Bündelnummer'],
  [/^no entry$/, 'kein Eintrag'],
  [/^registered at (\S+)$/, 'registriert am $1'],
  // opened rows
  [/^the bundle has no proof of kzg-columns$/, 'das Bündel hat keinen Beweis der Art kzg-columns'],
  [/^the rows are of another manifest$/, 'die Zeilen gehören zu einem anderen Manifest'],
  [
    /^the rows were opened for another proof, policy, list or statement$/,
    'die Zeilen wurden für einen anderen Beweis, eine andere Richtlinie, Liste oder Aussage geöffnet',
  ],
  [/^(\w+), segment (\d+): the pairing equation does not hold$/, '$1, Segment $2: die Paarungsgleichung gilt nicht'],
];

/** These checks quote the caller's and the statement's own words. */
const VERBATIM: ReadonlySet<string> = new Set(['statement.audience', 'statement.nonce']);

/** `expected`, `actual` or a sample's fault in the reader's language; `check` is the id of the check. */
export function particulars(check: string, text: string, language: Language): string {
  if (language === 'en' || VERBATIM.has(check)) return text;
  // With several manifests, lists or signers there is one sentence for each.
  return text.split('; ').map(inGerman).join('; ');
}

function inGerman(sentence: string): string {
  const [english, german] = GERMAN.find(([pattern]) => pattern.test(sentence)) ?? [];
  return english && german ? sentence.replace(english, german) : sentence;
}
