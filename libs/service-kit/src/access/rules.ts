import { applyDecorators } from '@nestjs/common';
import { ApiSecurity } from '@nestjs/swagger';
import { type FastifyInstance, type RouteOptions } from 'fastify';
import { addRouteConfig, type Handler, routeConfigOf } from '../http/route-config.js';

/** Who may call a route. With both scopes and clients, either way in is enough. */
export interface AccessRule {
  readonly everybody: boolean;
  /** Scopes that an access token must all carry, or of which one is enough; null: no access token opens this route. */
  readonly scopes: readonly string[] | null;
  readonly anyScope?: true;
  /** Internal clients that may call. */
  readonly clients: readonly string[] | null;
}

declare module 'fastify' {
  interface FastifyContextConfig {
    access?: AccessRule;
  }
}

const NEST_PATH = 'path';

/** Names of the two kinds of token in the OpenAPI documents. */
export const ACCESS_TOKEN = 'token';
export const CLIENT_TOKEN = 'client';

/** The rule that decorators wrote on a handler, or null. */
export const accessRuleOf = (handler: Handler): AccessRule | null => routeConfigOf(handler).access ?? null;

/** On a method the rule is added to what stands there; on a controller it is for its own routes that have none. */
const access =
  (rule: Partial<AccessRule>): MethodDecorator & ClassDecorator =>
  (target: object, _name?: string | symbol, descriptor?: PropertyDescriptor) => {
    const write = (handler: Handler) => {
      const before = accessRuleOf(handler) ?? { everybody: false, scopes: null, clients: null };
      addRouteConfig(handler, { access: { ...before, ...rule } });
    };
    if (descriptor) return write(descriptor.value as Handler);
    for (const [name, { value }] of Object.entries(
      Object.getOwnPropertyDescriptors((target as { prototype: object }).prototype),
    ))
      if (
        name !== 'constructor' &&
        typeof value === 'function' &&
        Reflect.hasMetadata(NEST_PATH, value) &&
        !accessRuleOf(value as Handler)
      )
        write(value as Handler);
  };

/** Everybody may call this route. */
export const Public = () => access({ everybody: true });
/** An access token with all these scopes may call this route. */
export const Scopes = (...scopes: [string, ...string[]]) =>
  applyDecorators(access({ scopes }), ApiSecurity(ACCESS_TOKEN, scopes));
/** An access token with one of these scopes may call this route; the handler then asks for the one that the request needs. */
export const AnyScope = (...scopes: [string, string, ...string[]]) =>
  applyDecorators(access({ scopes, anyScope: true }), ...scopes.map((scope) => ApiSecurity(ACCESS_TOKEN, [scope])));
/** These internal clients may call this route: the allow-list of registry.tokens. */
export const Clients = (...clients: [string, ...string[]]) =>
  applyDecorators(access({ clients }), ApiSecurity(CLIENT_TOKEN, clients));

/** The rule for routes that a Fastify plugin adds: `{config: {access: PUBLIC}}`. */
export const PUBLIC: AccessRule = { everybody: true, scopes: null, clients: null };

/** Watches the routes as they are added; the returned check throws when one has no rule, or one that contradicts itself. */
export function watchAccessRules(fastify: FastifyInstance): () => void {
  const routes: RouteOptions[] = [];
  fastify.addHook('onRoute', (route) => void routes.push(route));
  return () => {
    const faults: string[] = [];
    for (const { method, url, config } of routes) {
      const rule = config?.access;
      const name = `${[method].flat().join(',')} ${url}`;
      if (!rule) faults.push(`${name} has no access rule`);
      else if (rule.everybody && (rule.scopes || rule.clients)) faults.push(`${name} is public and asks for a token`);
      else if (!rule.everybody && !rule.scopes && !rule.clients) faults.push(`${name} lets nobody in`);
    }
    if (faults.length > 0)
      throw new Error(`Every route needs @Public, @Scopes, @AnyScope or @Clients: ${faults.join('; ')}`);
  };
}
