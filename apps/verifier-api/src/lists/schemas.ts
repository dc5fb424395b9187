import { z } from 'zod';

/** A list's hash in a path. */
export const listHash = z.string().min(1).max(300).meta({ description: 'SHA3-256 of the CSV, 0x and 64 hex digits' });
