import { type JsonValue, isDate } from '@cap/core';
import { corrections } from './corrections.js';
import { countryCodes } from './countries.js';
import type { FieldKind } from './fields.js';
import { foldIdentifierPart } from './identifier.js';
import { invisibleCharacter } from './invisible.js';

/** NFC, without leading or trailing white space. */
const normaliseText = (text: string): string => text.normalize('NFC').trim();

const COUNTRIES = new Set<string>(countryCodes);
const RISKS = new Set(['low', 'medium', 'high']);

type ReadResult = { value: string | number | boolean } | { fault: string };

/** A cell's text -> the typed value, or what is wrong with it and, where that can be told, what to write instead. */
export function readCell(kind: FieldKind, cell: string): ReadResult {
  const text = normaliseText(cell);
  const read = typedValue(kind, text);
  if (!('fault' in read)) return read;
  const instead = corrections(kind, text).filter((each) => 'value' in typedValue(kind, each));
  return instead.length === 0 ? read : { fault: `${read.fault}: write ${instead.join(' or ')}` };
}

function typedValue(kind: FieldKind, text: string): ReadResult {
  switch (kind) {
    case 'tier':
      return /^[1-9]\d{0,8}$/.test(text)
        ? { value: Number(text) }
        : { fault: `expected a positive integer, found ${quote(text)}` };
    case 'boolean': {
      const lower = text.toLowerCase(); // spreadsheets write TRUE
      return lower === 'true' || lower === 'false'
        ? { value: lower === 'true' }
        : { fault: `expected true or false, found ${quote(text)}` };
    }
    default: {
      const fault = textFault(kind, text);
      return fault === null ? { value: text } : { fault };
    }
  }
}

/** Why `value` is not the typed, normalised value of such a field, or null. For values that do not come from a CSV file. */
export function valueFault(kind: FieldKind, value: JsonValue): string | null {
  switch (kind) {
    case 'tier':
      return typeof value === 'number' && Number.isInteger(value) && value >= 1 && value <= 999_999_999
        ? null
        : 'expected a positive integer';
    case 'boolean':
      return typeof value === 'boolean' ? null : 'expected true or false';
    default:
      if (typeof value !== 'string') return 'expected a string';
      return (
        textFault(kind, value) ?? (value === normaliseText(value) ? null : 'expected NFC without white space around it')
      );
  }
}

/** What a spreadsheet shows as such. */
const SPACING: Readonly<Record<string, string>> = {
  'U+0009': 'a tab',
  'U+000A': 'a line break',
  'U+000D': 'a line break',
};

function textFault(kind: Exclude<FieldKind, 'tier' | 'boolean'>, text: string): string | null {
  switch (kind) {
    case 'country':
      return COUNTRIES.has(text) ? null : `expected an ISO 3166-1 alpha-2 code in capitals, found ${quote(text)}`;
    case 'date':
      return isDate(text) ? null : `expected an existing date, YYYY-MM-DD, found ${quote(text)}`;
    case 'risk':
      return RISKS.has(text) ? null : `expected low, medium or high, found ${quote(text)}`;
    case 'text': {
      const invisible = invisibleCharacter(text);
      if (invisible !== null)
        return (
          `contains ${SPACING[invisible] ?? `the invisible or unassigned character ${invisible}`}, so it would match no ` +
          'list; fix the cell, or remove the character with cap prepare --clean or cap lists import'
        );
      // Such a text would make all of its kind equal: identifiers drop punctuation and symbols.
      return foldIdentifierPart(text) === '' ? `expected at least one letter or digit, found ${quote(text)}` : null;
    }
  }
}

function quote(text: string): string {
  return text === '' ? 'nothing' : JSON.stringify(text.length > 40 ? `${text.slice(0, 40)}…` : text);
}
