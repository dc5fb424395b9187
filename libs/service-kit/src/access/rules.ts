import 'reflect-metadata';
import { applyDecorators, SetMetadata } from '@nestjs/common';
import { PATH_METADATA } from '@nestjs/common/constants.js';
import { type INestApplication } from '@nestjs/common';
import { ModulesContainer } from '@nestjs/core';

const PUBLIC = 'cap:public';
const SCOPES = 'cap:scopes';
const CLIENTS = 'cap:clients';

/** Who may call a route. With both scopes and clients, either way in is enough. */
export interface AccessRule {
  readonly everybody: boolean;
  /** Scopes that an access token must all carry. */
  readonly scopes: readonly string[] | null;
  /** Internal clients that may call. */
  readonly clients: readonly string[] | null;
}

/** Everybody may call this route (or every route of this controller). */
export const Public = (): MethodDecorator & ClassDecorator => applyDecorators(SetMetadata(PUBLIC, true));
/** An access token with all these scopes may call this route. */
export const Scopes = (...scopes: [string, ...string[]]): MethodDecorator & ClassDecorator =>
  applyDecorators(SetMetadata(SCOPES, scopes));
/** These internal clients may call this route: the allow-list of registry.tokens. */
export const Clients = (...clients: [string, ...string[]]): MethodDecorator & ClassDecorator =>
  applyDecorators(SetMetadata(CLIENTS, clients));

type Target = Function; // eslint-disable-line @typescript-eslint/no-unsafe-function-type -- what Nest's reflector takes

/** The rule of a handler; a rule on the method replaces that of its class. Null: nobody wrote one. */
export function accessRuleOf(handler: Target, controller: Target): AccessRule | null {
  for (const target of [handler, controller]) {
    const everybody = Reflect.getMetadata(PUBLIC, target) === true;
    const scopes = (Reflect.getMetadata(SCOPES, target) as string[] | undefined) ?? null;
    const clients = (Reflect.getMetadata(CLIENTS, target) as string[] | undefined) ?? null;
    if (everybody || scopes || clients) return { everybody, scopes, clients };
  }
  return null;
}

/** Every route handler of the application as [Controller.method, handler, controller]. */
function* handlers(app: INestApplication): Generator<[name: string, handler: Target, controller: Target]> {
  for (const module of app.get(ModulesContainer, { strict: false }).values())
    for (const { metatype } of module.controllers.values()) {
      if (!metatype) continue;
      for (
        let prototype = metatype.prototype;
        prototype && prototype !== Object.prototype;
        prototype = Object.getPrototypeOf(prototype)
      )
        for (const [name, { value }] of Object.entries(Object.getOwnPropertyDescriptors(prototype)))
          if (typeof value === 'function' && Reflect.hasMetadata(PATH_METADATA, value))
            yield [`${metatype.name}.${name}`, value, metatype];
    }
}

/** Fails the start when a route has no access rule, or two that contradict each other. */
export function assertAccessRules(app: INestApplication): void {
  const faults: string[] = [];
  for (const [name, handler, controller] of handlers(app)) {
    const rule = accessRuleOf(handler, controller);
    if (!rule) faults.push(`${name} has no access rule`);
    else if (rule.everybody && (rule.scopes || rule.clients)) faults.push(`${name} is @Public and asks for a token`);
  }
  if (faults.length > 0)
    throw new Error(`Routes without a clear access rule (@Public, @Scopes, @Clients): ${faults.join(', ')}`);
}
