import tls from 'node:tls';

/**
 * What this program speaks TLS with, on either side. TLS 1.3 has nothing else; of TLS 1.2 only what exchanges keys that are
 * thrown away (ECDHE) and authenticates what it encrypts: Node's own list also has RSA key exchange, where whoever gets the
 * certificate's key years later reads what was recorded.
 */
export const TLS_CIPHERS = [
  'TLS_AES_256_GCM_SHA384',
  'TLS_CHACHA20_POLY1305_SHA256',
  'TLS_AES_128_GCM_SHA256',
  'ECDHE-ECDSA-AES256-GCM-SHA384',
  'ECDHE-RSA-AES256-GCM-SHA384',
  'ECDHE-ECDSA-CHACHA20-POLY1305',
  'ECDHE-RSA-CHACHA20-POLY1305',
  'ECDHE-ECDSA-AES128-GCM-SHA256',
  'ECDHE-RSA-AES128-GCM-SHA256',
].join(':');

/** For every connection of this process that does not choose its own: fetch, the registry, the issuer, a bucket, a database. */
export function requireForwardSecrecy(): void {
  tls.DEFAULT_CIPHERS = TLS_CIPHERS;
}
