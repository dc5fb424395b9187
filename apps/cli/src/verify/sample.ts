import type { SampledRow } from '@cap/proof';
import type { Language } from '@cap/lists';
import { printable } from '../printable.js';
import { table } from '../io.js';
import { particulars } from './particulars.js';

/** The opened rows, if they are among those that the proof is about, or why not. */
export type SampleOutcome = SampledRow[] | { fault: string };

const WORDS = {
  en: {
    header: ['list', 'row', 'fields'],
    confirmed: 'Opened rows: all of them are among those that the proof is about',
    unconfirmed: 'Opened rows: NOT confirmed as those that the proof is about',
  },
  de: {
    header: ['Liste', 'Zeile', 'Felder'],
    confirmed: 'Geöffnete Zeilen: jede gehört zu denen, über die der Beweis spricht',
    unconfirmed: 'Geöffnete Zeilen: NICHT bestätigt als die, über die der Beweis spricht',
  },
} as const;

export function renderSample(outcome: SampleOutcome, language: Language): string {
  const words = WORDS[language];
  if (!Array.isArray(outcome))
    return `${words.unconfirmed}\n  ${printable(particulars('sample', outcome.fault, language))}\n`;
  const rows = outcome.map(({ list, place, fields }) => [
    list,
    String(place),
    Object.entries(fields)
      .map(([name, value]) => `${name}=${printable(String(value))}`)
      .join(', '),
  ]);
  return `${words.confirmed}\n${table(words.header, rows)}\n`;
}
