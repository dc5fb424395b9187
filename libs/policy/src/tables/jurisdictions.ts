import { CapError } from '@cap/crypto';
import { countryNumber } from './countries.js';

export type RiskLevel = 'low' | 'medium' | 'high';
export type Jurisdictions = ReadonlyMap<string, RiskLevel>;

interface Fault {
  file: string;
  line: number;
  column: string | null;
  message: string;
}

const RISKS: readonly string[] = ['low', 'medium', 'high'] satisfies RiskLevel[];

/**
 * Reads jurisdictions.csv: UTF-8, commas, a header row with iso_code and risk_level; other columns are not read. Throws
 * CapError `input` / `list.invalid` with every bad line: an unknown country or risk, or a country twice.
 */
export function parseJurisdictions(bytes: Uint8Array, file = 'jurisdictions.csv'): Jurisdictions {
  const faults: Fault[] = [];
  const fault = (line: number, column: string | null, message: string) =>
    void faults.push({ file, line, column, message });
  const [header, ...lines] = decoded(bytes, file).split(/\r\n|\r|\n/);
  const headers = (cellsOf(header ?? '') ?? []).map((name) => name.toLowerCase());
  const [country, risk] = ['iso_code', 'risk_level'].map((name) => {
    if (headers.filter((other) => other === name).length !== 1) fault(1, name, 'expected this column, once');
    return headers.indexOf(name);
  }) as [number, number];
  if (faults.length > 0) throw invalid(faults);

  const jurisdictions = new Map<string, RiskLevel>();
  lines.forEach((text, i) => {
    if (text.trim() === '') return;
    const line = i + 2;
    const cells = cellsOf(text);
    if (cells?.length !== headers.length)
      return fault(line, null, `expected ${headers.length} fields as in the header row`);
    const iso = cells[country]!;
    const level = cells[risk]!;
    if (countryNumber(iso) === undefined)
      return fault(line, 'iso_code', `expected an ISO 3166-1 alpha-2 code in capitals, found ${quoted(iso)}`);
    if (!RISKS.includes(level))
      return fault(line, 'risk_level', `expected low, medium or high, found ${quoted(level)}`);
    if (jurisdictions.has(iso)) return fault(line, 'iso_code', `${iso} stands there twice`);
    jurisdictions.set(iso, level as RiskLevel);
  });
  if (faults.length > 0) throw invalid(faults);
  return jurisdictions;
}

const strictUtf8 = new TextDecoder('utf-8', { fatal: true }); // takes a byte order mark away

function decoded(bytes: Uint8Array, file: string): string {
  try {
    return strictUtf8.decode(bytes);
  } catch {
    throw invalid([{ file, line: 1, column: null, message: 'not UTF-8' }]);
  }
}

const CELL = /(?:"((?:[^"]|"")*)"|([^",]*))(,|$)/y;

/** The trimmed cells of a line (RFC 4180, without line breaks in cells), or null if it is not CSV. */
function cellsOf(line: string): string[] | null {
  const cells: string[] = [];
  CELL.lastIndex = 0;
  for (;;) {
    const match = CELL.exec(line);
    if (!match) return null;
    cells.push((match[1]?.replaceAll('""', '"') ?? match[2]!).trim());
    if (match[3] === '') return cells;
  }
}

const quoted = (text: string): string => JSON.stringify(text.length > 40 ? `${text.slice(0, 40)}…` : text);

function invalid(faults: readonly Fault[]): CapError {
  const words = faults
    .slice(0, 20)
    .map(({ file, line, column, message }) => `${file}:${line}${column === null ? '' : ` (${column})`}: ${message}`);
  if (faults.length > words.length) words.push(`and ${faults.length - words.length} more`);
  return new CapError('input', 'list.invalid', words.join('\n'), { details: faults });
}
