import { type Reveal } from '@cap/prover';
import { type CliIo } from './io.js';

/** How a project's encrypted salts are opened; age is loaded only if somebody asks for it. */
export const revealWith = async (io: CliIo, identity: string | undefined): Promise<{ reveal?: Reveal }> =>
  identity === undefined ? {} : { reveal: (await import('./age.js')).decryptWith(io, identity) };
