import { applyDecorators, type Type } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import { ApiConsumes } from '@nestjs/swagger';
import { ROUTE_ARGS_METADATA, RouteParamtypes } from '../nest-internals.js';
import type { Handler } from '../once-per-handler.js';
import { parseJsonBody } from './json-body.js';

/** A media type that a route accepts. */
export interface BodyType {
  readonly mediaType: string;
  /** Makes of the whole body what the handler gets; without it the handler reads the stream that it gets. */
  readonly parse?: (bytes: Buffer) => unknown;
  /** Which limit such a body has; limits.json_bytes if it says nothing. */
  readonly limit?: 'json_bytes' | 'bundle_bytes';
  /** Said of a larger one. */
  readonly tooLarge?: (limit: number) => string;
}

export const JSON_BODY: BodyType = { mediaType: 'application/json', parse: parseJsonBody };

const JSON_ALONE = [JSON_BODY];

const consumes = Reflector.createDecorator<readonly BodyType[]>();
/** The media types of a route's answers; JSON if it says nothing. */
export const produces = Reflector.createDecorator<readonly string[]>();

/** What a route's body may be; JSON if it says nothing. */
export const Consumes = (...types: [BodyType, ...BodyType[]]) =>
  applyDecorators(consumes(types), ApiConsumes(...types.map(({ mediaType }) => mediaType)));

export interface RouteMetadata {
  readonly produces: readonly string[] | undefined;
  readonly consumes: readonly BodyType[];
  /** The handler has a parameter for the query, whose schema says which members there are; likewise for the body. */
  readonly takesQuery: boolean;
  readonly takesBody: boolean;
}

/** What decorators wrote on a handler and its parameters. */
export function routeMetadataOf(reflector: Reflector, handler: Handler, controller: Type): RouteMetadata {
  const parameters = Object.keys(
    (Reflect.getMetadata(ROUTE_ARGS_METADATA, controller, handler.name) as object | undefined) ?? {},
  );
  const takes = (kind: RouteParamtypes) => parameters.some((key) => key.startsWith(`${kind}:`));
  return {
    produces: reflector.get(produces, handler),
    // Of a handler without the decorator it is undefined, which the type does not say.
    consumes: (reflector.get(consumes, handler) as readonly BodyType[] | undefined) ?? JSON_ALONE,
    takesQuery: takes(RouteParamtypes.QUERY),
    takesBody: takes(RouteParamtypes.BODY),
  };
}
