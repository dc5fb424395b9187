import Negotiator from 'negotiator';
import { Header } from '@nestjs/common';
import { CapError } from '@cap/core';
import { PROBLEM_MEDIA_TYPE } from '@cap/contracts';
import { produces } from './route-metadata.js';

export const JSON_MEDIA_TYPE = 'application/json; charset=utf-8';

/** The media types that a route answers with. With only one, it is set as the answers' Content-Type. */
export const Produces =
  (...types: [string, ...string[]]): MethodDecorator =>
  (target, name, descriptor) => {
    produces(types)(target, name, descriptor);
    if (types.length === 1) Header('content-type', types[0])(target, name, descriptor);
  };

/** The type that a caller prefers (RFC 9110, 12.5.1): the first one without an Accept header, null if none is acceptable. */
export function preferredType<T extends string>(accept: string | undefined, types: readonly [T, ...T[]]): T | null {
  if (accept === undefined || accept.trim() === '') return types[0];
  return (new Negotiator({ headers: { accept } }).mediaType([...types]) as T | undefined) ?? null;
}

/** Throws CapError request.not-acceptable if Accept allows none of the route's types. Clients that accept application/problem+json accept every type. */
export function assertAcceptable(accept: string | undefined, types: readonly string[] = [JSON_MEDIA_TYPE]): void {
  if (preferredType(accept, [PROBLEM_MEDIA_TYPE, ...types]) !== null) return;
  const names = types.map((type) => type.split(';', 1)[0]).join(' or ');
  throw new CapError('request.not-acceptable', `This route answers with ${names}, which Accept does not allow.`);
}
