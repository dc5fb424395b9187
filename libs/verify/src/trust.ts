/**
 * @cap/verify/trust: The trust store: whose signatures and which policies and lists a verifier accepts; and its signature.
 */
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
