import type { digest, JsonValue } from '@cap/core';
import { z } from 'zod';

/** A digest used as a key, in either spelling; the output is the first spelling. */
export const digestRef = z
  .string()
  .regex(/^(0x|sha3-256:)[0-9a-f]{64}$/, { error: 'expected 0x or sha3-256: and 64 lower-case hex digits' })
  .transform((text) => text.replace('sha3-256:', '0x') as z.infer<typeof digest>)
  .meta({ description: '0x or sha3-256: and 64 lower-case hex digits' });

/** Text that a database can hold and a URL can carry. */
export const plainText = z.string().refine((text) => text.isWellFormed() && !text.includes('\0'), {
  error: 'expected text without U+0000 or half characters',
});

/** Longest part of a path. What is stored under a name has one that fits. */
export const PATH_PART_LENGTH = 300;
export const pathPart = plainText.min(1).max(PATH_PART_LENGTH);

export const count = z.int().nonnegative();

/** A whole number of a query in decimal digits, and nothing else that Number() would take: no blank, no 0x10, no 1e2. */
export const queryNumber = (min: number, max: number) =>
  z
    .custom<number | string>((value) => /^[0-9]+$/.test(String(value)), {
      error: 'expected a whole number in decimal digits',
    })
    .transform(Number)
    .pipe(z.int().min(min).max(max))
    .meta({ type: 'integer', minimum: min, maximum: max });

/** JSON that this layer only passes on. Parsed bodies and answers are always JSON, so nothing is checked. */
export const jsonValue = z.custom<JsonValue>();

/** The same, an object. */
export const jsonObject = z.object({}).catchall(jsonValue);
