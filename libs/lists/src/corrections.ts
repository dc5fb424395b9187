import type { FieldKind } from './fields.js';

const YES = new Set(['wahr', 'ja', 'yes', 'vrai', 'oui']);
const NO = new Set(['falsch', 'nein', 'no', 'faux', 'non']);

/**
 * What may have been meant by a cell that a spreadsheet or another language spells its own way; the caller keeps what is
 * a valid value. These are suggestions for a person: nothing is ever corrected silently.
 */
export function corrections(kind: FieldKind, text: string): string[] {
  const lower = text.toLowerCase();
  switch (kind) {
    case 'boolean':
      return [...(YES.has(lower) ? ['true'] : []), ...(NO.has(lower) ? ['false'] : [])];
    case 'tier':
      return /^0*([1-9]\d*)(?:[.,]0+)?$/.exec(text)?.slice(1) ?? [];
    case 'date':
      return [...new Set(days(text))];
    case 'country':
      return [text.toUpperCase()];
    case 'risk':
      return [lower];
    case 'text':
      return [];
  }
}

/** The days that a date may mean; two where day and month may be either way round. */
function days(text: string): string[] {
  const [, date] = /^([\d./-]+)(?:[T ][\d:.]+Z?)?$/.exec(text) ?? [];
  const [, y, m, d] = /^(\d{4})[./-]?(\d{1,2})[./-]?(\d{1,2})$/.exec(date ?? '') ?? [];
  const [, first, separator, second, year] = /^(\d{1,2})([./-])(\d{1,2})\2(\d{4})$/.exec(date ?? '') ?? [];
  const readings = [
    [y, m, d],
    [year, second, first],
    // With points the day comes first wherever they are used.
    ...(separator === '.' ? [] : [[year, first, second]]),
  ];
  return readings.flatMap(([of, month, day]) =>
    of === undefined ? [] : [`${of}-${month!.padStart(2, '0')}-${day!.padStart(2, '0')}`],
  );
}
