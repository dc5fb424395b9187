import { type JsonValue } from '@cap/crypto';
import { z } from 'zod';

/** In answers: JSON that this API only passes on. */
export const anyJson = z.custom<JsonValue>();
