import { applyDecorators } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import { ApiSecurity } from '@nestjs/swagger';
import type { ClientName, Scope } from '@cap/contracts';

/** Names of the two kinds of token in the OpenAPI documents. */
export const ACCESS_TOKEN = 'token';
export const CLIENT_TOKEN = 'client';

const everybody = Reflector.createDecorator<true>();
const allScopes = Reflector.createDecorator<readonly Scope[]>();
const oneScope = Reflector.createDecorator<readonly Scope[]>();
const allowedClients = Reflector.createDecorator<readonly ClientName[]>();

/** Anyone may call this route. */
export const Public = () => everybody(true);
/** An access token with all these scopes may call this route. */
export const Scopes = (...scopes: [Scope, ...Scope[]]) =>
  applyDecorators(allScopes(scopes), ApiSecurity(ACCESS_TOKEN, scopes));
/** An access token with any of these scopes may call this route; the handler then requires the one that this request needs. */
export const AnyScope = (...scopes: [Scope, Scope, ...Scope[]]) =>
  applyDecorators(oneScope(scopes), ...scopes.map((scope) => ApiSecurity(ACCESS_TOKEN, [scope])));
/** These internal clients may call this route: the allow-list of registry.tokens. */
export const Clients = (...clients: [ClientName, ...ClientName[]]) =>
  applyDecorators(allowedClients(clients), ApiSecurity(CLIENT_TOKEN, clients));

/** Who may call a route. With both scopes and clients, either is enough. */
export interface AccessRule {
  readonly everybody: boolean;
  /** Scopes that an access token needs: all of them, or with `anyScope` one of them; null: no access token is accepted. */
  readonly scopes: readonly string[] | null;
  readonly anyScope: boolean;
  /** Internal clients that may call. */
  readonly clients: readonly string[] | null;
}

type Target = Parameters<Reflector['get']>[1];

function ruleAt(reflector: Reflector, target: Target): AccessRule | null {
  // Without the decorator this is undefined, which Reflector's type leaves out.
  const anyOf: readonly Scope[] | undefined = reflector.get(oneScope, target);
  const rule: AccessRule = {
    everybody: reflector.get(everybody, target) ?? false,
    scopes: reflector.get(allScopes, target) ?? anyOf ?? null,
    anyScope: anyOf !== undefined,
    clients: reflector.get(allowedClients, target) ?? null,
  };
  return rule.everybody || rule.scopes || rule.clients ? rule : null;
}

/** The rule of a handler: its own as a whole, else its controller's; null if neither has one. */
export const accessRuleOf = (reflector: Reflector, handler: Target, controller: Target): AccessRule | null =>
  ruleAt(reflector, handler) ?? ruleAt(reflector, controller);
