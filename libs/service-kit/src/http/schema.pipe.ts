import { type ArgumentMetadata, Injectable, type PipeTransform } from '@nestjs/common';
import { z } from 'zod';
import { CapError } from '@cap/core';
import { cut } from '../problems/problem.js';

/** Where a value came from, as shown in the problem's detail. */
const PLACE: Readonly<Record<ArgumentMetadata['type'], string>> = {
  body: 'body',
  query: 'query',
  param: 'path',
  custom: 'value',
};

/** Faults shown: a body with a thousand faults must not produce an answer of a thousand lines. */
const SHOWN = 20;
/** Names of members come from the sender, and so are cut too. */
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

/** Parses a parameter with its schema: `@Body({ schema })`, `@Query({ schema })`, `@Param('id', { schema })`. */
@Injectable()
export class SchemaPipe implements PipeTransform {
  transform(value: unknown, { type, data, schema }: ArgumentMetadata): unknown {
    if (!(schema instanceof z.ZodType)) return value;
    return parseWith(schema, value, data ? `${PLACE[type]}.${data}` : PLACE[type]);
  }
}
