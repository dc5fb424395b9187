import { type ProblemCode } from '@cap/service-kit';
import { type z } from 'zod';

export type Method = 'get' | 'post' | 'put';

/** An answer that is no problem. */
export interface Answer {
  readonly description: string;
  /** By media type; absent: no body. */
  readonly content?: Readonly<Record<string, z.ZodType>>;
  /** Names and what they say. */
  readonly headers?: Readonly<Record<string, string>>;
}

/** What the routes are about. */
export const GROUPS = {
  verify: 'Bundles and verdicts',
  policies: 'What verdicts are judged by',
  lists: 'What suppliers and owners are compared with',
  registry: 'What was registered, and proofs of it',
  documentation: 'This API itself',
  operation: 'For those who run it',
} as const;
export type Group = keyof typeof GROUPS;

/** One line of the table of routes. */
export interface Route {
  readonly method: Method;
  /** As the router knows it: `/policy/:id`. */
  readonly path: string;
  readonly group: Group;
  readonly summary: string;
  readonly description?: string;
  /** Scopes that a token must all carry; null: everybody may call. */
  readonly scopes: readonly string[] | null;
  /** Scopes that some requests need besides, or instead. */
  readonly moreScopes?: { readonly when: string; readonly scopes: readonly string[]; readonly instead?: true };
  readonly params?: Readonly<Record<string, z.ZodType>>;
  readonly query?: z.ZodObject;
  readonly headers?: Readonly<Record<string, z.ZodType>>;
  /** By media type. */
  readonly body?: Readonly<Record<string, z.ZodType>>;
  readonly answers: Readonly<Record<number, Answer>>;
  /** Beside those that follow from the rest: see problemsOf. */
  readonly problems?: readonly ProblemCode[];
}

/** What any route that asks the registry may come to, and one that writes there. */
export const READS: readonly ProblemCode[] = ['registry.unavailable', 'overloaded'];
export const WRITES: readonly ProblemCode[] = [...READS, 'storage.full'];
/** What comes with an Idempotency-Key. */
export const KEYED: readonly ProblemCode[] = ['idempotency.mismatch', 'idempotency.in-flight'];

/** Every code that a route can answer with. */
export function problemsOf({ scopes, body, problems = [] }: Route): ProblemCode[] {
  const codes = new Set<ProblemCode>(['request.schema', 'request.not-acceptable', 'internal', ...problems]);
  if (scopes)
    for (const code of ['auth.missing', 'auth.invalid', 'auth.scope', 'auth.unavailable'] as const) codes.add(code);
  if (body)
    for (const code of ['request.too-large', 'request.media-type', 'rate.limited', 'overloaded'] as const)
      codes.add(code);
  if (body && 'application/json' in body) codes.add('request.limit');
  return [...codes].sort();
}
