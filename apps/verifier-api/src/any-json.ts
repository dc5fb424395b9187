import { z } from 'zod';
import type { JsonValue } from '@cap/core';

/** In answers: JSON that this API only passes on. */
export const anyJson = z.custom<JsonValue>();
