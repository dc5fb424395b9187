import { type IdScheme } from './facts.js';

/** The lists that rules are about. */
export type ListName = 'suppliers' | 'ubos';

export type FieldType = 'text' | 'country' | 'date' | 'integer' | 'boolean';

/** The fields of a row, as a rule over opened rows may read them. */
export const listFields: Readonly<Record<ListName, Readonly<Record<string, FieldType>>>> = {
  suppliers: {
    name: 'text',
    jurisdiction: 'country',
    tier: 'integer',
    id: 'text',
    due_diligence: 'boolean',
    audit_date: 'date',
  },
  ubos: { name: 'text', birthdate: 'date', citizenship: 'country', id: 'text' },
};

/** The identifier schemes that the fields of a list allow. */
export const idSchemes: Readonly<Record<ListName, readonly IdScheme[]>> = {
  suppliers: ['id', 'name'],
  ubos: ['id', 'name', 'person'],
};

/** The fields that an identifier under a scheme is made of. */
export function identifierFields(list: ListName, scheme: IdScheme): readonly string[] {
  switch (scheme) {
    case 'id':
      return ['id'];
    case 'name':
      return ['name', list === 'suppliers' ? 'jurisdiction' : 'citizenship'];
    case 'person':
      return ['name', 'birthdate'];
  }
}

/** The fields that a row's code is made of. */
export const codeFields = (list: ListName): readonly string[] =>
  list === 'suppliers' ? ['jurisdiction', 'tier', 'due_diligence'] : ['citizenship'];
