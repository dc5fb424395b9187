import { applyDecorators, SetMetadata } from '@nestjs/common';
import { ApiConsumes } from '@nestjs/swagger';
import { parseJsonBody } from './json-body.js';

declare module 'fastify' {
  interface FastifyRequest {
    /** The bytes of a body that was read whole. */
    rawBody: Buffer | null;
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
const TAKES_QUERY = 'cap:takes-query';
const TAKES_BODY = 'cap:takes-body';

/** The media types of a route's answers; JSON if it says nothing. */
export const producesMetadata = (types: readonly string[]) => SetMetadata(PRODUCES, types);
/** What a route's body may be; JSON if it says nothing. */
export const Consumes = (...types: [BodyType, ...BodyType[]]) =>
  applyDecorators(SetMetadata(CONSUMES, types), ApiConsumes(...types.map(({ mediaType }) => mediaType)));
/** The handler looks at the members of the query, and refuses those that it does not know; likewise of a JSON body. */
export const takesQuery = SetMetadata(TAKES_QUERY, true);
export const takesBody = SetMetadata(TAKES_BODY, true);

/** A decorator of a handler's parameter that also says something of the route. */
export const parameterOfRoute =
  (route: MethodDecorator, parameter: ParameterDecorator): ParameterDecorator =>
  (target, name, index) => {
    route(target, name!, Object.getOwnPropertyDescriptor(target, name!)!);
    parameter(target, name, index);
  };

export interface RouteMetadata {
  readonly produces: readonly string[] | undefined;
  readonly consumes: readonly BodyType[];
  readonly takesQuery: boolean;
  readonly takesBody: boolean;
}

/** What decorators wrote on a handler. */
export const routeMetadataOf = (handler: object): RouteMetadata => {
  const read = <T>(key: string): T | undefined => Reflect.getMetadata(key, handler) as T | undefined;
  return {
    produces: read<readonly string[]>(PRODUCES),
    consumes: read<readonly BodyType[]>(CONSUMES) ?? JSON_ALONE,
    takesQuery: read<true>(TAKES_QUERY) ?? false,
    takesBody: read<true>(TAKES_BODY) ?? false,
  };
};
