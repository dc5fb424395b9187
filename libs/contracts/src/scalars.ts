import { z } from 'zod';

/** Digest text: `0x` + 64 lowercase hex digits. */
export const digest = z
  .templateLiteral(['0x', z.string().regex(/^[0-9a-f]{64}$/)])
  .meta({ description: '0x and 64 lower-case hex digits' });
export type DigestText = z.infer<typeof digest>;

/** A digest that something is looked up by, in either spelling; what comes out is the first. */
export const digestRef = z
  .string()
  .regex(/^(0x|sha3-256:)[0-9a-f]{64}$/, { error: 'expected 0x or sha3-256: and 64 lower-case hex digits' })
  .transform((text) => text.replace('sha3-256:', '0x') as DigestText)
  .meta({ description: '0x or sha3-256: and 64 lower-case hex digits' });

/** First 16 bytes of BLAKE3 of a public key, as hex. */
export const kid = z.string().regex(/^[0-9a-f]{32}$/, { error: 'expected 32 lower-case hex digits' });

/** RFC 3339 UTC with `Z`. */
export const time = z.iso.datetime({ error: 'expected an RFC 3339 UTC time, e.g. 2026-01-15T10:00:00Z' });

/** A day or an RFC 3339 UTC time. */
export const dayOrTime = z.union([z.iso.date(), time], { error: 'expected YYYY-MM-DD or an RFC 3339 UTC time' });

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

/** A JSON object whose members are none of this layer's business; nested values are passed on untouched. */
export const jsonObject = z.looseObject({});
export type JsonObjectText = z.infer<typeof jsonObject>;
