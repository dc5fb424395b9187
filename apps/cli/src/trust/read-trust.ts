import { parseTrustStore, type TrustStore } from '@cap/verify';
import { inputName, readInput } from '../frame/input.js';
import { type CliIo } from '../frame/io.js';

/** Reads trust.json (`-` for stdin). Exit 65 for one that is malformed or holds a policy with lint errors. */
export const readTrust = async (io: CliIo, file: string): Promise<TrustStore> =>
  parseTrustStore(await readInput(io, file), inputName(file));
