import { type SampledRow } from '@cap/proof';
import { type Language } from '@cap/lists';
import { printable } from '../frame/printable.js';
import { table } from '../frame/io.js';
import { particulars } from './particulars.js';

/** Rows that the bundle's proof is about, or why they are not. */
export type SampleOutcome = SampledRow[] | { fault: string };

const WORDS = {
  en: {
    header: ['list', 'row', 'fields'],
    held: 'Opened rows: every one is among those that the proof is about',
    wrong: 'Opened rows: NOT confirmed as those that the proof is about',
  },
  de: {
    header: ['Liste', 'Zeile', 'Felder'],
    held: 'Geöffnete Zeilen: jede gehört zu denen, über die der Beweis spricht',
    wrong: 'Geöffnete Zeilen: NICHT bestätigt als die, über die der Beweis spricht',
  },
} as const;

export function renderSample(outcome: SampleOutcome, language: Language): string {
  const words = WORDS[language];
  if (!Array.isArray(outcome))
    return `${words.wrong}\n  ${printable(particulars('sample', outcome.fault, language))}\n`;
  const rows = outcome.map(({ list, place, fields }) => [
    list,
    String(place),
    Object.entries(fields)
      .map(([name, value]) => `${name}=${printable(String(value))}`)
      .join(', '),
  ]);
  return `${words.held}\n${table(words.header, rows)}\n`;
}
