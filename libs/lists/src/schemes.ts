import type { IdScheme } from './fields.js';

/** How the rows of a list are compared unless a policy says otherwise, and committed unless a prover does. */
export const defaultIdScheme = (list: string): IdScheme => (list === 'ubos' ? 'person' : 'name');

export type Language = 'en' | 'de';

const COMPARED: Readonly<Record<IdScheme, Readonly<Record<Language, { by: string; not: string }>>>> = {
  name: {
    en: { by: 'name and country', not: 'register numbers are not compared' },
    de: { by: 'Name und Land', not: 'Registernummern werden nicht verglichen' },
  },
  person: {
    en: { by: 'name and date of birth', not: 'citizenship and numbers are not compared' },
    de: { by: 'Name und Geburtsdatum', not: 'Staatsangehörigkeit und Nummern werden nicht verglichen' },
  },
  id: {
    en: { by: 'id', not: 'names are not compared' },
    de: { by: 'Kennung', not: 'Namen werden nicht verglichen' },
  },
};

/** What a scheme compares: `name and country`. */
export const comparedBy = (scheme: IdScheme, language: Language = 'en'): string => COMPARED[scheme][language].by;

/** The same with what it leaves out: `name and country; register numbers are not compared`. */
export const comparison = (scheme: IdScheme, language: Language = 'en'): string => {
  const { by, not } = COMPARED[scheme][language];
  return `${by}; ${not}`;
};
