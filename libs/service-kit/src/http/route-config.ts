import 'reflect-metadata';
import { type FastifyContextConfig } from 'fastify';

/** Where the Nest adapter looks for a route's Fastify config, so that hooks know it before a body is read. */
const ROUTE_CONFIG = '__fastify_route_config__';

export type Handler = (...args: never[]) => unknown;

/** What decorators wrote on a handler so far. */
export const routeConfigOf = (handler: Handler): FastifyContextConfig =>
  Reflect.getMetadata(ROUTE_CONFIG, handler) ?? {};

export const addRouteConfig = (handler: Handler, more: FastifyContextConfig): void =>
  Reflect.defineMetadata(ROUTE_CONFIG, { ...routeConfigOf(handler), ...more }, handler);

/** A decorator of a handler's parameter that also says something of the route. */
export const parameterOfRoute =
  (more: FastifyContextConfig, parameter: ParameterDecorator): ParameterDecorator =>
  (target, name, index) => {
    addRouteConfig((target as Record<string | symbol, Handler>)[name!]!, more);
    parameter(target, name, index);
  };
