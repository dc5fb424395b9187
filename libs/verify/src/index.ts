/**
 * The verdict on a bundle. verify.ts reads as the list of checks, each group in a file of its own; report/ is the report and its
 * words, legacy/ verifies bundles of the older program. trust.ts, an entry point of its own, is the trust store.
 * docs/verdicts.md is its page.
 */
export { bundleFromContext } from './bundle-context.js';
export {
  type PublishedList,
  publishedList,
  type Verification,
  type VerificationOptions,
  type VerificationSources,
  type VerifierPolicy,
} from './inputs.js';
export { inspectBundle, type Inspection, mainFiles } from './inspect.js';
export { entryOfReceipt, registeredFault } from './receipt.js';
export { CHECK_IDS } from './report/checks.js';
export { type Report } from './report/report.js';
export { verifyBundle } from './verify.js';
