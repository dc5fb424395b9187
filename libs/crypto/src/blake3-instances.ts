import { createBLAKE3 } from 'hash-wasm';

// The code of a single executable can't await at its top: there these two are made before everything else
// (scripts/binaries/bundle.mjs).

/** For whole-buffer hashes: init..digest runs without a pause in between, so callers can't mix. */
export const shared = await createBLAKE3();
/** 64 bytes of BLAKE3's output, for challenges that must be close to uniform modulo a 255-bit number. */
export const wide = await createBLAKE3(512);
