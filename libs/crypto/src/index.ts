/**
 * Hashes (SHA3-256, SHA-256, BLAKE3), Ed25519 public keys, DSSE envelopes. docs/formats.md says what is hashed and signed.
 * Start reading in hash.ts, then keys.ts and dsse.ts. Entry points of their own: key-files.ts and tls-ciphers.ts.
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
export {
  isKid,
  isPublicKeyText,
  kidOf,
  kidOfText,
  publicKeyBytes,
  publicKeyFromText,
  publicKeyText,
  type PublicKeyText,
  rawPublicKey,
  rfc3339,
} from './keys.js';
