/**
 * @cap/crypto/key-files: Key files: a private key (encrypted or not), its public half and the record of its owner, validity and usages. Start in keys.ts.
 */
export { keyPassphrase } from './key-passphrase.js';
export {
  generateKey,
  KEY_USAGES,
  type KeyRecord,
  type KeyUsage,
  listKeys,
  loadRecordedKey,
  loadSigningKey,
  openPrivateKey,
  readKeyRecord,
  readPublicKey,
  recordBeside,
  recordFileOf,
  requireInForce,
  requireUsage,
  type SigningKey,
} from './keys.js';
