import { identifier, type IdScheme, type ListRow, type RiskLevel } from '@cap/lists';
import type { ListedEntry } from '@cap/lists/reference-lists';
import type { Requirement } from '@cap/policy';
import type { ProofContext } from './backend.js';
import type { ProverList } from './backend-prover.js';

/** A row that breaks a rule: for the prover's eyes, since it names the row. */
interface Violation {
  list: string;
  /** Line of the file that was prepared, from 1. */
  line: number;
  name: string;
  /** The entry of a reference list that the row was found to be. */
  hit?: ListedEntry & { reference_list: string };
  /** The row's country, where the rule is about the countries that are allowed. */
  country?: string;
  /** Where the rule is about risks: the country's in the list of jurisdictions. */
  risk?: RiskLevel | 'unknown';
  /** What would have excused the row under the rule. */
  lacks?: 'due_diligence';
}

/** A rule that does not hold, with every row that breaks it. */
export interface FalseRule {
  rule_id: string;
  /** `unproven`: not broken by any row, but these lists can't show that it holds. */
  status: 'violated' | 'unproven';
  rows: Violation[];
}

/** What the rows (by index) of a prover's list do wrong, by line. */
export function violations(
  { need }: Requirement,
  { list, rows, lines, idScheme }: ProverList & { idScheme: IdScheme },
  breaking: readonly number[],
  context: Pick<ProofContext, 'referenceLists'>,
): Violation[] {
  const reference = need.kind === 'disjoint' ? context.referenceLists.get(need.reference_list) : undefined;
  const countryOf = countryFault(need, context);
  const hitOf = (row: ListRow) => {
    const entry = reference?.list.sanctions().find(identifier(row, idScheme) ?? '', idScheme);
    return reference && entry && { reference_list: reference.id, ...entry };
  };
  return breaking
    .map((index): Violation => {
      const row = rows[index]!;
      const hit = hitOf(row);
      return { list, line: lines[index]!, name: row.name, ...(hit && { hit }), ...countryOf(row) };
    })
    .sort((a, b) => a.line - b.line);
}

/** What a rule about allowed countries has against a row. */
function countryFault(
  need: Requirement['need'],
  { referenceLists }: Pick<ProofContext, 'referenceLists'>,
): (row: ListRow) => Pick<Violation, 'country' | 'risk' | 'lacks'> {
  if (need.kind !== 'rows_allowed') return () => ({});
  const { table } = need;
  const jurisdictions = 'exclude_risk' in table ? referenceLists.get('jurisdictions') : undefined;
  const risks = jurisdictions?.list.jurisdictions().risks;
  return (row) => {
    const country = 'jurisdiction' in row ? row.jurisdiction : row.citizenship;
    return {
      country,
      ...(risks && { risk: risks.get(country) ?? 'unknown' }),
      ...(table.unless && { lacks: table.unless }),
    };
  };
}

/** One offence in words: the row and, if it is listed, the entry; or its country. */
export function violationText({ list, line, name, hit, country, risk, lacks }: Violation): string {
  const row = `${list} line ${line} (${JSON.stringify(name)})`;
  if (hit) {
    const id = hit.id === undefined ? '' : `, id ${hit.id}`;
    return `${row} is ${JSON.stringify(hit.name)}${id} in line ${hit.line} of ${hit.reference_list}`;
  }
  if (country === undefined) return row;
  const reasons = [...(risk ? [`risk ${risk}`] : []), ...(lacks ? ['no due diligence'] : [])];
  const why = reasons.length === 0 ? '' : ` (${reasons.join(', ')})`;
  return `${row} is in ${country}, which is not an allowed country${why}`;
}

const SHOWN = 10;

/** As many as a person reads, with a colon before them; nothing for none. */
export function firstViolations(rows: readonly Violation[]): string {
  if (rows.length === 0) return '';
  const more = rows.length > SHOWN ? ` and ${rows.length - SHOWN} more` : '';
  return `: ${rows.slice(0, SHOWN).map(violationText).join(', ')}${more}`;
}
