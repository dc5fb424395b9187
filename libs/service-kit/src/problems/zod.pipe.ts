import { applyDecorators, type ArgumentMetadata, Body, Param, type PipeTransform, Query } from '@nestjs/common';
import { type z } from 'zod';
import { CapError } from '@cap/core';
import { parameterOfRoute, takesBody, takesQuery } from '../http/route-metadata.js';
import { cut } from './problem.js';

/** Where a value came from, as shown in the problem's detail. */
const PLACE: Readonly<Record<ArgumentMetadata['type'], string>> = {
  body: 'body',
  query: 'query',
  param: 'path',
  custom: 'value',
};

/** The first lines of what is wrong; a body of a thousand faults must not make an answer of a thousand lines. */
const SHOWN = 20;
/** The names of members are the sender's too. */
const LONGEST = 150;

/** `request.schema` with the place of every fault: `body.options.at: expected …`. */
export function schemaProblem(error: z.ZodError, place: string): CapError {
  const errors = error.issues.slice(0, SHOWN).map(({ path, message }) => ({
    place: cut([place, ...path.map(String)].join('.'), LONGEST),
    message: cut(message.replace(/^Invalid input: /, ''), LONGEST),
  }));
  return new CapError('request.schema', errors.map((fault) => `${fault.place}: ${fault.message}`).join('; '), {
    details: errors,
  });
}

/** Parses a value with a zod schema; CapError request.schema when it does not fit. */
export function parseWith<T extends z.ZodType>(schema: T, value: unknown, place: string): z.output<T> {
  const parsed = schema.safeParse(value);
  if (!parsed.success) throw schemaProblem(parsed.error, place);
  return parsed.data;
}

export class ZodPipe<T extends z.ZodType> implements PipeTransform<unknown, z.output<T>> {
  constructor(private readonly schema: T) {}

  transform(value: unknown, { type, data }: ArgumentMetadata): z.output<T> {
    return parseWith(this.schema, value, data ? `${PLACE[type]}.${data}` : PLACE[type]);
  }
}

/** `@ZodBody(schema)`: the parsed body. */
export const ZodBody = (schema: z.ZodType): ParameterDecorator =>
  parameterOfRoute(takesBody, Body({ schema, pipes: [new ZodPipe(schema)] }));
/** `@ZodQuery(schema)`: the parsed query string as one object. */
export const ZodQuery = (schema: z.ZodType): ParameterDecorator =>
  parameterOfRoute(takesQuery, Query({ schema, pipes: [new ZodPipe(schema)] }));
/** The body as it came, for a handler that says itself what is wrong with it; the schema is for the documentation alone. */
export const RawBody = (schema: z.ZodType): ParameterDecorator => parameterOfRoute(takesBody, Body({ schema }));
/** The handler parses query and body itself, since what they may hold depends on the request. */
export const ParsesRequest = () => applyDecorators(takesQuery, takesBody);
/** `@ZodParam('id', schema)`: one part of the path. */
export const ZodParam = (name: string, schema: z.ZodType): ParameterDecorator =>
  Param(name, { schema, pipes: [new ZodPipe(schema)] });
