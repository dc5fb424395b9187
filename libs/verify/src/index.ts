/**
 * The verdict on a bundle. verify.ts reads as the list of checks, each in a file of its name; trust/ is the trust store,
 * report/ the report and its words, legacy/ verifies bundles of the older program. docs/verdicts.md is its page.
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
export { type Company, companyText } from './trust/company.js';
export {
  addToTrust,
  emptyTrustDocument,
  parseTrustDocument,
  type TrustAddition,
  type TrustDocument,
  trustDocumentBytes,
  withdrawList,
} from './trust/trust-document.js';
export { assertTrustSigned, signTrust, trustSignatureFile } from './trust/trust-signature.js';
export { parseTrustStore, TrustStore } from './trust/trust-store.js';
export { verifyBundle } from './verify.js';
