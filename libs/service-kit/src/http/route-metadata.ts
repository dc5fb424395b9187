import { applyDecorators, SetMetadata } from '@nestjs/common';
import { ROUTE_ARGS_METADATA } from '@nestjs/common/constants.js';
import { RouteParamtypes } from '@nestjs/common/enums/route-paramtypes.enum.js';
import { ApiConsumes } from '@nestjs/swagger';
import { parseJsonBody } from './json-body.js';

declare module 'fastify' {
  interface FastifyRequest {
    /** The bytes of a body that was read whole. */
    rawBody: Buffer | null;
    /** Counts bytes that stay in memory until the request is answered. CapError overloaded, rate.limited. */
    holdBytes: (bytes: number) => void;
  }
}

/** A media type that a route takes. */
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

const PRODUCES = 'cap:produces';
const CONSUMES = 'cap:consumes';

/** The media types of a route's answers; JSON if it says nothing. */
export const producesMetadata = (types: readonly string[]) => SetMetadata(PRODUCES, types);
/** What a route's body may be; JSON if it says nothing. */
export const Consumes = (...types: [BodyType, ...BodyType[]]) =>
  applyDecorators(SetMetadata(CONSUMES, types), ApiConsumes(...types.map(({ mediaType }) => mediaType)));
export interface RouteMetadata {
  readonly produces: readonly string[] | undefined;
  readonly consumes: readonly BodyType[];
  /** The handler has a parameter for the query, whose schema says which members there are; likewise for the body. */
  readonly takesQuery: boolean;
  readonly takesBody: boolean;
}

/** What decorators wrote on a handler and its parameters. */
export const routeMetadataOf = (handler: object, controller: object, name: string): RouteMetadata => {
  const read = <T>(key: string): T | undefined => Reflect.getMetadata(key, handler) as T | undefined;
  const parameters = Object.keys(
    (Reflect.getMetadata(ROUTE_ARGS_METADATA, controller, name) as object | undefined) ?? {},
  );
  const takes = (kind: RouteParamtypes) => parameters.some((key) => key.startsWith(`${kind}:`));
  return {
    produces: read<readonly string[]>(PRODUCES),
    consumes: read<readonly BodyType[]>(CONSUMES) ?? JSON_ALONE,
    takesQuery: takes(RouteParamtypes.QUERY),
    takesBody: takes(RouteParamtypes.BODY),
  };
};
