export * from './facts.js';
export * from './identifier.js';
export { countryCodes } from './countries.js';
export * from './codes.js';
export { parsePolicyText, withoutByteOrderMark } from './parse.js';
export { type Predicate, type Requirement } from './requirement.js';
export * from './compile.js';
export * from './evaluate.js';
export { runPolicyTests, type PolicyTestResult } from './policy-tests.js';
