/**
 * Policies v1 and v2: parse.ts reads them, compile.ts makes the intermediate representation and its lints, evaluate.ts settles
 * rules over facts that a proof has established. Start in requirement.ts and facts.ts: what a rule asks, what a proof says.
 */
export { allowedTable, codeFields, codeOf } from './codes.js';
export {
  companyListsMaxAgeDays,
  type CompiledPolicy,
  compilePolicy,
  type Lint,
  lintErrors,
  policyHash,
} from './compile.js';
export { evaluateClaims, evaluateRules, type EvaluationContext } from './evaluate.js';
export { type Fact, type FactStrength, type RuleResult, type RuleStatus } from './facts.js';
export { parsePolicyText, withoutByteOrderMark } from './parse.js';
export { runPolicyTests } from './policy-tests.js';
export { type Requirement } from './requirement.js';
