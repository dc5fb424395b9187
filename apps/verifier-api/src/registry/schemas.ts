import { inclusionQuery, pathPart } from '@cap/contracts';
import { z } from 'zod';

/** An entry's id in a path. */
export const entryId = pathPart.meta({ description: 'entry_id' });

/** GET /registry/checkpoint: it takes nothing, and says so. */
export const noQuery = z.strictObject({});

/** GET /registry/proof/inclusion: of an entry, or of any event of the log. */
export const publicInclusionQuery = inclusionQuery
  .extend({ entry_id: entryId.optional(), log_index: inclusionQuery.shape.log_index.optional() })
  .refine(({ entry_id, log_index }) => (entry_id === undefined) !== (log_index === undefined), {
    error: 'expected either entry_id or log_index',
  });
