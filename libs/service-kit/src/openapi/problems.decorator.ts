import { applyDecorators } from '@nestjs/common';
import { ApiExtension } from '@nestjs/swagger';
import type { ErrorCode } from '@cap/core';
import type { Operation } from './types.js';

/** Extensions of the framework's document add up, if each has a name of its own; the finished document has none of them. */
const PREFIX = 'x-problem-';

/** Problem codes that a handler answers with, besides those that follow from its scopes and its body. */
export const Problems = (...codes: ErrorCode[]) =>
  applyDecorators(...codes.map((code) => ApiExtension(PREFIX + code, true)));

const EVERY_ROUTE: readonly ErrorCode[] = ['request.schema', 'request.not-acceptable', 'internal'];
const WITH_TOKEN: readonly ErrorCode[] = ['auth.missing', 'auth.invalid', 'auth.scope', 'auth.unavailable'];
const WITH_BODY: readonly ErrorCode[] = ['request.too-large', 'request.media-type', 'rate.limited', 'overloaded'];

/** Takes the handler's own codes out of the operation; every code that it can answer with, sorted. */
export function takeProblems(operation: Operation): ErrorCode[] {
  const codes = new Set<ErrorCode>(EVERY_ROUTE);
  for (const name of Object.keys(operation).filter(isProblem)) {
    codes.add(name.slice(PREFIX.length) as ErrorCode);
    delete operation[name];
  }
  const { security, requestBody } = operation;
  if (security.length > 0) for (const code of WITH_TOKEN) codes.add(code);
  if (requestBody) for (const code of WITH_BODY) codes.add(code);
  if (requestBody && 'application/json' in requestBody.content) codes.add('request.limit');
  return [...codes].sort();
}

const isProblem = (name: string): name is `x-problem-${string}` => name.startsWith(PREFIX);
