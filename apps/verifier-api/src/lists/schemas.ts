import { pathPart } from '@cap/contracts';

/** A list's hash in a path, in either spelling; what comes out is the first. */
export const listHash = pathPart
  .transform((text) => text.replace(/^sha3-256:/u, '0x'))
  .meta({ description: 'SHA3-256 of the CSV, 0x… or sha3-256:…' });
