import { z } from 'zod';

/** An entry's id in a path. */
export const entryId = z.string().min(1).max(300).meta({ description: 'entry_id' });
