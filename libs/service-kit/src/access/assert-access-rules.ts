import { type INestApplicationContext, RequestMethod, type Type } from '@nestjs/common';
import { DiscoveryService, MetadataScanner, Reflector } from '@nestjs/core';
import type { RouteTable } from '../http/routes.js';
import { METHOD_METADATA, PATH_METADATA } from '../nest-internals.js';
import type { Handler } from '../once-per-handler.js';
import { type AccessRule, accessRuleOf } from './access.decorators.js';

interface GuardedRoute {
  /** `GET /policy/:id` */
  readonly route: string;
  readonly rule: AccessRule | null;
}

const metadata = (key: string, target: object): unknown => Reflect.getMetadata(key, target);
const isClass = (metatype: unknown): metatype is Type => typeof metatype === 'function';
const withoutSlashes = (path: unknown): string => String(path).replace(/^\/+|\/+$/g, '');

/** The handlers of all controllers; one with several paths is listed once for each. */
function guardedRoutes(app: INestApplicationContext): GuardedRoute[] {
  const reflector = app.get(Reflector);
  const handlers: GuardedRoute[] = [];
  for (const { metatype: controller } of app.get(DiscoveryService).getControllers()) {
    if (!isClass(controller)) continue;
    const prototype = controller.prototype as Readonly<Record<string, Handler>>;
    for (const name of new MetadataScanner().getAllMethodNames(prototype)) {
      const handler = prototype[name]!;
      const paths = metadata(PATH_METADATA, handler);
      if (paths === undefined) continue;
      const method = RequestMethod[Number(metadata(METHOD_METADATA, handler))];
      const rule = accessRuleOf(reflector, handler, controller);
      for (const outer of [metadata(PATH_METADATA, controller)].flat())
        for (const inner of [paths].flat()) {
          const path = [outer, inner].map(withoutSlashes).filter(Boolean).join('/');
          handlers.push({ route: `${method} /${path}`, rule });
        }
    }
  }
  return handlers;
}

/** Throws when a route has no rule, or one that contradicts itself. One that a plugin added has no guard in front of it. */
export function assertAccessRules(app: INestApplicationContext, routes: RouteTable): void {
  const handlers = guardedRoutes(app);
  const guarded = new Set(handlers.map(({ route }) => route));
  const faults = handlers.flatMap(({ route, rule }) => {
    if (!rule) return [`${route} has no access rule`];
    return rule.everybody && (rule.scopes || rule.clients) ? [`${route} is public and asks for a token`] : [];
  });
  for (const { method, url } of routes.all())
    if (!guarded.has(`${method} ${url}`) && !(method === 'HEAD' && guarded.has(`GET ${url}`)))
      faults.push(`${method} ${url} has no access rule`);
  if (faults.length > 0)
    throw new Error(`Every route needs @Public, @Scopes, @AnyScope or @Clients: ${faults.join('; ')}`);
}
