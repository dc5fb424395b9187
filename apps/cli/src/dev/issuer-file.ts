import { z } from 'zod';

export const DEFAULT_ISSUER_DIRECTORY = './dev-issuer';

export const ALGORITHM = 'ES256';

/** issuer.json, next to the issuer's keys. */
export const issuerFile = z.object({ issuer: z.string(), audience: z.string(), kid: z.string() });
export type IssuerFile = z.infer<typeof issuerFile>;
