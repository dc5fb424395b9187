/**
 * Policies v1 and v2: parse.ts reads them, compile.ts makes the intermediate representation and its lints, evaluate.ts decides
 * rules over facts that a proof has established. Start in requirement.ts and facts.ts: what a rule asks, what a proof says.
 * codes.ts, an entry point of its own, is the table that rules about countries are proven with.
 */
export {
  companyListsMaxAgeDays,
  type CompiledPolicy,
  compilePolicy,
  type Lint,
  lintErrors,
  policyHash,
} from './compile.js';
export { assertCoverage, coverageText, type ListCoverage, listCoverage } from './coverage.js';
export { evaluateClaims, evaluateRules } from './evaluate.js';
export { type EvaluationContext, type Fact, type FactStrength, type RuleResult, type RuleStatus } from './facts.js';
export { parsePolicyText, withoutByteOrderMark } from './parse.js';
export { runPolicyTests } from './policy-tests.js';
export { type Requirement } from './requirement.js';
