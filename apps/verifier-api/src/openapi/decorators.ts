import { applyDecorators } from '@nestjs/common';
import { ApiExtension, ApiHeader, ApiNotModifiedResponse, ApiOkResponse } from '@nestjs/swagger';
import type { Scope } from '@cap/contracts';
import { Problems } from '@cap/service-kit';
import { IDEMPOTENCY_KEY, KEY_PATTERN } from '../idempotency/idempotency-key.js';

type Answer = Parameters<typeof ApiOkResponse>[0];

const header = (description: string) => ({ description, schema: { type: 'string' } });
const ETAG = { etag: header('Changes when the answer does') };

/** Problems of any route that asks the registry. */
export const AsksRegistry = () => Problems('registry.unavailable', 'overloaded');
/** Problems of any route that writes to the registry. */
export const WritesRegistry = () => Problems('registry.unavailable', 'overloaded', 'storage.full');

/** 200, or 304 for a caller who has this version already. */
export const TaggedAnswer = (answer: Answer) =>
  applyDecorators(
    ApiHeader({ name: 'if-none-match', description: 'ETags that the caller has, or *', required: false }),
    ApiOkResponse({ ...answer, headers: ETAG }),
    ApiNotModifiedResponse({ description: 'The caller has this version', headers: ETAG }),
  );

/** 200 for a write that can be sent again under an Idempotency-Key. */
export const IdempotentAnswer = (answer: Answer) =>
  applyDecorators(
    ApiHeader({
      name: IDEMPOTENCY_KEY,
      required: false,
      description: 'Chosen by the caller. The same request under the same key gets the first answer again for 24 h.',
      schema: { type: 'string', pattern: KEY_PATTERN.source },
    }),
    ApiOkResponse({
      ...answer,
      headers: {
        'idempotency-replayed': header('true if this is the kept answer to an earlier request with the same key'),
      },
    }),
    Problems('idempotency.mismatch', 'idempotency.in-flight'),
  );

/** Scopes that some requests need besides those of the route, or instead of them; the handler asks for them. */
export const MoreScopes = (more: { when: string; scopes: Scope[]; instead?: true }) =>
  ApiExtension('x-more-scopes', more);
