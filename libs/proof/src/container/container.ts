import { CapError } from '@cap/core';

/**
 * CAPZ version 2, the file proof.capz. Little endian, 78-byte header:
 *
 *    0  4  magic "CAPZ"            40  32  params_hash
 *    4  2  version, 2              72   4  payload length
 *    6  1  backend id              76   2  zero
 *    7  1  zero                    78   …  payload, nothing after it
 *    8 32  vk_hash
 */
export interface ProofContainer {
  /** 0 mock, 1 zkvm, 2 halo2 (reserved), 3 disclosure, 4 kzg-columns; any byte decodes, the registry of backends judges it. */
  backendId: number;
  /** 32 bytes. */
  vkHash: Uint8Array;
  /** 32 bytes. */
  paramsHash: Uint8Array;
  payload: Uint8Array;
}

const CONTAINER_VERSION = 2;
export const HEADER_BYTES = 78;
export const MAX_PAYLOAD_BYTES = 100_000_000;
const MAGIC = Buffer.from('CAPZ', 'latin1');

const refuse = (why: string): never => {
  throw new CapError('proof.container', `proof container: ${why}`);
};

/** The bytes of proof.capz. Throws CapError `proof.container` for parts that have no encoding. */
export function encodeContainer({ backendId, vkHash, paramsHash, payload }: ProofContainer): Buffer {
  if (!Number.isInteger(backendId) || backendId < 0 || backendId > 255)
    return refuse(`the backend id must be a byte, not ${backendId}`);
  if (vkHash.length !== 32) return refuse(`vk_hash must have 32 bytes, not ${vkHash.length}`);
  if (paramsHash.length !== 32) return refuse(`params_hash must have 32 bytes, not ${paramsHash.length}`);
  if (payload.length > MAX_PAYLOAD_BYTES)
    return refuse(`the payload has ${payload.length} bytes, at most ${MAX_PAYLOAD_BYTES} are allowed`);
  const header = Buffer.alloc(HEADER_BYTES);
  header.set(MAGIC, 0);
  header.writeUInt16LE(CONTAINER_VERSION, 4);
  header.writeUInt8(backendId, 6);
  header.set(vkHash, 8);
  header.set(paramsHash, 40);
  header.writeUInt32LE(payload.length, 72);
  return Buffer.concat([header, payload]);
}

/** Reads proof.capz. Strict: each container has one spelling. Throws CapError `proof.container` that says what was expected. */
export function decodeContainer(bytes: Uint8Array): ProofContainer {
  const file = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (file.length < HEADER_BYTES) return refuse(`${file.length} bytes, but the header alone has ${HEADER_BYTES}`);
  if (!file.subarray(0, 4).equals(MAGIC))
    return refuse(`does not start with CAPZ but with ${file.toString('hex', 0, 4)}`);
  const version = file.readUInt16LE(4);
  if (version !== CONTAINER_VERSION) return refuse(`version ${version}, only ${CONTAINER_VERSION} is known`);
  if (file[7] !== 0) return refuse(`byte 7 is reserved and must be 0, not ${file[7]}`);
  if (file.readUInt16LE(76) !== 0) return refuse('bytes 76 and 77 must be 0');
  const length = file.readUInt32LE(72);
  if (length > MAX_PAYLOAD_BYTES)
    return refuse(`declares a payload of ${length} bytes, at most ${MAX_PAYLOAD_BYTES} are allowed`);
  if (file.length !== HEADER_BYTES + length)
    return refuse(`declares a payload of ${length} bytes, but ${file.length - HEADER_BYTES} follow the header`);
  return {
    backendId: file.readUInt8(6),
    vkHash: file.subarray(8, 40),
    paramsHash: file.subarray(40, 72),
    payload: file.subarray(HEADER_BYTES),
  };
}
