/** What lint rules ask about a PromQL expression, read off the grammar that Prometheus' own editor uses. */
import type { SyntaxNode } from '@lezer/common';
import { parser } from '@prometheus-io/lezer-promql';

interface Matcher {
  readonly label: string;
  readonly operator: string;
  readonly value: string;
}

interface Selector {
  readonly metric: string;
  readonly matchers: readonly Matcher[];
}

/** Labels that are named by `by`, `without`, `on` or `ignoring`, and the series that they can come from. */
interface Grouping {
  readonly labels: readonly string[];
  readonly metrics: readonly string[];
}

interface Analysis {
  /** Where the expression can't be parsed. */
  readonly errors: readonly string[];
  readonly selectors: readonly Selector[];
  readonly groupings: readonly Grouping[];
  /** Arguments of histogram_quantile that are no `sum by (…, le)`. */
  readonly unsummedQuantiles: readonly string[];
}

/** Grafana puts numbers and durations in place of these before Prometheus sees them; `$environment` is within a string. */
const BUILT_IN: readonly (readonly [RegExp, string])[] = [
  [/\$__range_s\b/g, '3600'],
  [/\$__(rate_interval|interval)\b/g, '5m'],
  [/\$__range\b/g, '1h'],
];

export const withoutVariables = (expr: string): string =>
  BUILT_IN.reduce((text, [variable, value]) => text.replace(variable, value), expr);

function* descendants(node: SyntaxNode): Generator<SyntaxNode> {
  yield node;
  for (let child = node.firstChild; child; child = child.nextSibling) yield* descendants(child);
}

export function analyse(expression: string): Analysis {
  const expr = withoutVariables(expression);
  const text = (node: SyntaxNode) => expr.slice(node.from, node.to);
  const all = (node: SyntaxNode, name: string) => [...descendants(node)].filter((found) => found.name === name);
  const top = parser.parse(expr).topNode;

  const selectorOf = (node: SyntaxNode): Selector => ({
    metric: text(node.getChild('Identifier')!),
    matchers: all(node, 'UnquotedLabelMatcher').map((matcher) => ({
      label: text(matcher.getChild('LabelName')!),
      operator: text(matcher.getChild('MatchOp')!),
      value: JSON.parse(text(matcher.getChild('StringLiteral')!)) as string,
    })),
  });
  const selectorsIn = (node: SyntaxNode) =>
    all(node, 'VectorSelector')
      .filter((found) => found.getChild('Identifier'))
      .map(selectorOf);
  const labelsIn = (node: SyntaxNode) => all(node, 'LabelName').map(text);
  const metricsIn = (node: SyntaxNode) => selectorsIn(node).map(({ metric }) => metric);
  const isSumByLe = (argument: SyntaxNode | null) => {
    const modifier = argument?.getChild('AggregateModifier');
    return (
      argument?.name === 'AggregateExpr' &&
      all(argument.getChild('AggregateOp')!, 'Sum').length > 0 &&
      modifier?.getChild('By') != null &&
      labelsIn(modifier).includes('le')
    );
  };

  // Nothing can be said of what is only half there.
  const errors = all(top, '⚠').map(({ from }) => `can't be parsed at position ${from}: ${expr.slice(from, from + 20)}`);
  if (errors.length > 0) return { errors, selectors: [], groupings: [], unsummedQuantiles: [] };

  return {
    errors,
    selectors: selectorsIn(top),
    groupings: [
      ...all(top, 'AggregateExpr').flatMap((node) => {
        const modifier = node.getChild('AggregateModifier');
        return modifier ? [{ labels: labelsIn(modifier), metrics: metricsIn(node) }] : [];
      }),
      ...all(top, 'MatchingModifierClause').map((node) => ({
        labels: labelsIn(node),
        metrics: metricsIn(node.parent!),
      })),
    ],
    unsummedQuantiles: all(top, 'HistogramQuantile')
      .map((node) => node.parent!.parent!)
      .filter((call) => !isSumByLe(call.getChild('FunctionCallBody')!.lastChild))
      .map(text),
  };
}
