import { applyDecorators, type Type } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import { ApiConsumes } from '@nestjs/swagger';
import { ROUTE_ARGS_METADATA, RouteParamtypes } from '../nest-internals.js';
import type { Handler } from '../once-per-handler.js';
import { parseJsonBody } from './json-body.js';

/** A media type that a route accepts. */
export interface BodyType {
  readonly mediaType: string;
  /** Parses the whole body for the handler; without it the handler gets the stream. */
  readonly parse?: (bytes: Buffer) => unknown;
  /** The limit for such a body; by default limits.json_bytes. */
  readonly limit?: 'json_bytes' | 'bundle_bytes';
  /** The message for a larger one. */
  readonly tooLarge?: (limit: number) => string;
}

export const JSON_BODY: BodyType = { mediaType: 'application/json', parse: parseJsonBody };

const JSON_ALONE = [JSON_BODY];

const consumes = Reflector.createDecorator<readonly BodyType[]>();
/** The media types of a route's answers; by default JSON. */
export const produces = Reflector.createDecorator<readonly string[]>();

/** The media types that a route's body may have; by default JSON. */
export const Consumes = (...types: [BodyType, ...BodyType[]]) =>
  applyDecorators(consumes(types), ApiConsumes(...types.map(({ mediaType }) => mediaType)));

export interface RouteMetadata {
  readonly produces: readonly string[] | undefined;
  readonly consumes: readonly BodyType[];
  /** Whether the handler has a parameter for the query, whose schema lists the members; likewise for the body. */
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
    // Without the decorator this is undefined, which Reflector's type leaves out.
    consumes: (reflector.get(consumes, handler) as readonly BodyType[] | undefined) ?? JSON_ALONE,
    takesQuery: takes(RouteParamtypes.QUERY),
    takesBody: takes(RouteParamtypes.BODY),
  };
}
