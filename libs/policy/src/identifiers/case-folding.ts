/**
 * Full, locale-free case folding (Unicode CaseFolding.txt, statuses C and F) of an NFKC text, up to the combining marks
 * that an identifier drops anyway. Lower-casing already folds nearly everything; what it folds otherwise is here.
 */
const FOLDED: ReadonlyMap<string, string> = new Map([
  ['ß', 'ss'], // also of ẞ
  ['ς', 'σ'],
  ['\u0345', 'ι'], // Greek iota subscript: a mark that folds to a letter
  // Cyrillic letter variants of Old Church Slavonic
  ...([...'ᲀᲁᲂᲃᲄᲅᲆᲇᲈ'].map((variant, i) => [variant, [...'вдосттъѣꙋ'][i]!]) as [string, string][]),
  // Cherokee is folded to its capitals, which are older
  ...range(0xab70, 0xabbf, 0x13a0),
  ...range(0x13f8, 0x13fd, 0x13f0),
]);

function range(first: number, last: number, target: number): [string, string][] {
  return Array.from({ length: last - first + 1 }, (_, i) => [
    String.fromCodePoint(first + i),
    String.fromCodePoint(target + i),
  ]);
}

/** The case-folded text in NFD. Decomposing first lets the iota subscript be seen. */
export const caseFolded = (text: string): string =>
  text
    .toLowerCase()
    .normalize('NFD')
    .replace(/[\u0345ßςᲀ-ᲈ\uab70-\uabbf\u13f8-\u13fd]/gu, (character) => FOLDED.get(character)!);
