import { blake3, blake3Wide } from '@cap/crypto';
import { FIELD_ORDER, integerOf, mod, SCALAR_BYTES, scalarBytes } from './field.js';

export const POINT_BYTES = 48;

/** Why a proof is not accepted, in words for the report. */
export class Rejected extends Error {
  override name = 'Rejected';
}

/**
 * The Fiat-Shamir transcript. state = BLAKE3(state ‖ u8 length of label ‖ label ‖ u32le length of data ‖ data), from 32
 * zero bytes; a challenge is 64 bytes of BLAKE3("cap.challenge.v1" ‖ state) modulo the field order.
 */
export class Transcript {
  #state: Uint8Array = Buffer.alloc(32);

  /** `digest` is the statement digest, so every challenge depends on the whole statement. */
  constructor(digest: Uint8Array) {
    this.absorb('cap.kzg-columns.v1', digest);
  }

  absorb(label: string, data: Uint8Array): void {
    const name = Buffer.from(label);
    const head = Buffer.alloc(1 + name.length + 4);
    head[0] = name.length;
    head.set(name, 1);
    head.writeUInt32LE(data.length, 1 + name.length);
    this.#state = blake3(this.#state, head, data);
  }

  challenge(label: string): bigint {
    this.absorb(label, Buffer.alloc(0));
    return mod(integerOf(blake3Wide('cap.challenge.v1', this.#state)));
  }
}

/** Where a prover puts its messages: what is absorbed, in this order and without labels, is the proof. */
export class MessageWriter {
  readonly #parts: Uint8Array[] = [];

  constructor(readonly transcript: Transcript) {}

  point(label: string, encoded: Uint8Array): void {
    this.#send(label, encoded);
  }

  scalar(label: string, value: bigint): void {
    this.#send(label, scalarBytes(value));
  }

  bytes(): Buffer {
    return Buffer.concat(this.#parts);
  }

  #send(label: string, bytes: Uint8Array): void {
    this.transcript.absorb(label, bytes);
    this.#parts.push(bytes);
  }
}

/** Where a verifier takes them from, in the same order. Throws Rejected for a short or long proof, or a scalar >= p. */
export class MessageReader {
  #rest: Uint8Array;

  constructor(
    readonly transcript: Transcript,
    proof: Uint8Array,
  ) {
    this.#rest = proof;
  }

  /** The 48 bytes of a point, not yet decoded. */
  point(label: string): Uint8Array {
    return this.#take(label, POINT_BYTES);
  }

  scalar(label: string): bigint {
    const value = integerOf(this.#take(label, SCALAR_BYTES));
    if (value >= FIELD_ORDER) throw new Rejected(`${label} is not a canonical scalar`);
    return value;
  }

  end(): void {
    if (this.#rest.length > 0) throw new Rejected(`${this.#rest.length} bytes too many`);
  }

  #take(label: string, length: number): Uint8Array {
    if (this.#rest.length < length) throw new Rejected(`too short: no ${label}`);
    const bytes = this.#rest.subarray(0, length);
    this.#rest = this.#rest.subarray(length);
    this.transcript.absorb(label, bytes);
    return bytes;
  }
}
