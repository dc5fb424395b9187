import { createHash, type Hash } from 'node:crypto';
import { open, readFile } from 'node:fs/promises';
import { CapError } from '@cap/core';
import { sha256 } from '@cap/crypto';
import { ceremonySource } from './assets.js';
import { loadCurve, POINT_WORDS, type Curve, type Point, type PrecomputedG2 } from './curve.js';

/** SHA-256 of trusted_setup.json: the parameters of Ethereum's KZG ceremony as its consensus specification publishes them. */
export const CEREMONY_HASH = 'b613026d5efa62747979b539e574e91446ea1dfce3b2e1f4b7384d8681d529a0';
/** [tau]G2 of that ceremony. */
export const TAU_G2 =
  '0xb5bfd7dd8cdeb128843bc287230af38926187075cbfbefa81009a2ce615ac53d2914e5870cb452d2afaaab24f3499f72185cbfee53492714734429b7b38608e23926c911cceceac9a36851477ba4c60b087041de621000edc98edada20c1def2';
/** Powers of tau in G1: no polynomial can have more coefficients. */
export const CEREMONY_POWERS = 4096;

interface CeremonyFile {
  g1_monomial: string[];
  g2_monomial: string[];
}

/** What a verifier needs of the ceremony. */
export interface VerifyingCeremony {
  generator: Point;
  /** Precomputed for pairings. */
  g2: PrecomputedG2;
  tauG2: PrecomputedG2;
}

const unhex = (text: string): Buffer => Buffer.from(text.slice(2), 'hex');

const nameOf = (source: string | Uint8Array): string =>
  typeof source === 'string' ? source : 'the copy in this executable';

function refuseOther(source: string | Uint8Array, hash: string): void {
  if (hash !== CEREMONY_HASH)
    throw new CapError('ceremony.wrong', `${nameOf(source)} has the SHA-256 ${hash}, not the pinned ${CEREMONY_HASH}`);
}

/**
 * Whether the parameters that this program would prove and verify with are the pinned ones, by their hash alone: nothing is
 * kept in memory. Throws CapError `ceremony.wrong` if they are not, or can't be read.
 */
export async function assertCeremony(find = ceremonySource): Promise<void> {
  const hash = createHash('sha256');
  let source;
  try {
    source = find();
    if (typeof source === 'string') await hashFile(source, hash);
    else hash.update(source);
  } catch (error) {
    const message = `the parameters of the KZG ceremony can't be read: ${(error as Error).message}`;
    throw new CapError('ceremony.wrong', message, { cause: error });
  }
  refuseOther(source, hash.digest('hex'));
}

/** Through one small buffer: a stream would leave as many buffers behind as the file is long. */
async function hashFile(file: string, hash: Hash): Promise<void> {
  const handle = await open(file);
  try {
    const buffer = Buffer.alloc(1 << 16);
    for (;;) {
      const { bytesRead } = await handle.read(buffer);
      if (bytesRead === 0) return;
      hash.update(buffer.subarray(0, bytesRead));
    }
  } finally {
    await handle.close();
  }
}

/** Reads the file and refuses (CapError `ceremony.wrong`) any other than the pinned one. */
export async function readCeremony(source = ceremonySource()): Promise<CeremonyFile> {
  const bytes = typeof source === 'string' ? await readFile(source) : source;
  refuseOther(source, sha256(bytes).toString('hex'));
  const ceremony = JSON.parse(new TextDecoder().decode(bytes)) as CeremonyFile;
  if (ceremony.g2_monomial[1] !== TAU_G2 || ceremony.g1_monomial.length !== CEREMONY_POWERS)
    throw new CapError('ceremony.wrong', `${nameOf(source)} does not hold the pinned parameters`);
  return ceremony;
}

let verifying: Promise<VerifyingCeremony> | undefined;

/** Loaded once a thread, on first use: the generator and two points of G2 only. */
export function verifyingCeremony(): Promise<VerifyingCeremony> {
  return (verifying ??= (async () => {
    const [curve, { g1_monomial, g2_monomial }] = await Promise.all([loadCurve(), readCeremony()]);
    const [g2, tauG2] = [0, 1].map((i) => curve.precomputed(curve.decodeG2(unhex(g2_monomial[i]!))));
    return { generator: curve.decodePinned([unhex(g1_monomial[0]!)])[0]!, g2: g2!, tauG2: tauG2! };
  })());
}

/** Powers of tau in G1, in memory that threads share. */
export type SharedPowers = SharedArrayBuffer;

const POWER_BYTES = POINT_WORDS * 4;
const emptyPowers = (): SharedPowers => new SharedArrayBuffer(CEREMONY_POWERS * POWER_BYTES);

let shared: Promise<SharedPowers> | undefined;

/** All powers, decoded once a process (about a third of a second). */
export function sharedPowers(): Promise<SharedPowers> {
  return (shared ??= (async () => {
    const [curve, { g1_monomial }] = await Promise.all([loadCurve(), readCeremony()]);
    const buffer = emptyPowers();
    const words = new Uint32Array(buffer);
    curve.decodePinned(g1_monomial.map(unhex)).forEach((point, i) => words.set(curve.words(point), i * POINT_WORDS));
    return buffer;
  })());
}

/** One power out of the shared memory. */
export const powerOf = (curve: Curve, powers: SharedPowers, i: number): Point =>
  curve.pointOf(new Uint32Array(powers, i * POWER_BYTES, POINT_WORDS));
