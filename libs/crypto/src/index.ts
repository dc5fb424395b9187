/**
 * Hashes (SHA3-256, SHA-256, BLAKE3), Ed25519 keys and their files, DSSE envelopes. docs/formats.md says what is hashed and signed.
 * Start reading in hash.ts, then keys.ts and dsse.ts.
 */
export {
  type DsseEnvelope,
  embeddedKey,
  parseEnvelope,
  preAuthenticationEncoding,
  signEnvelope,
  strictBase64,
  verifySignature,
} from './dsse.js';
export {
  blake3,
  blake3Text,
  blake3Wide,
  type Digest,
  digestBytes,
  digestText,
  isDigest,
  lengthPrefixed,
  sha256,
  sha3,
  sha3Text,
  streamingBlake3,
  type StreamingHash,
  streamingSha3,
} from './hash.js';
export { keyPassphrase } from './key-passphrase.js';
export {
  generateKey,
  isKid,
  isPublicKeyText,
  KEY_USAGES,
  type KeyRecord,
  type KeyUsage,
  kidOf,
  kidOfText,
  listKeys,
  loadRecordedKey,
  loadSigningKey,
  openPrivateKey,
  publicKeyBytes,
  publicKeyFromText,
  publicKeyText,
  type PublicKeyText,
  rawPublicKey,
  readKeyRecord,
  readPublicKey,
  recordBeside,
  recordFileOf,
  requireInForce,
  requireUsage,
  rfc3339,
  type SigningKey,
} from './keys.js';
export { requireForwardSecrecy, TLS_CIPHERS } from './tls-ciphers.js';
