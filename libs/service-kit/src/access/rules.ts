import { applyDecorators, SetMetadata } from '@nestjs/common';
import { ApiSecurity } from '@nestjs/swagger';

const PUBLIC = 'cap:public';
const SCOPES = 'cap:scopes';
const ANY_SCOPE = 'cap:any-scope';
const CLIENTS = 'cap:clients';

/** Names of the two kinds of token in the OpenAPI documents. */
export const ACCESS_TOKEN = 'token';
export const CLIENT_TOKEN = 'client';

/** Everybody may call this route. */
export const Public = () => SetMetadata(PUBLIC, true);
/** An access token with all these scopes may call this route. */
export const Scopes = (...scopes: [string, ...string[]]) =>
  applyDecorators(SetMetadata(SCOPES, scopes), ApiSecurity(ACCESS_TOKEN, scopes));
/** An access token with one of these scopes may call this route; the handler then asks for the one that the request needs. */
export const AnyScope = (...scopes: [string, string, ...string[]]) =>
  applyDecorators(SetMetadata(ANY_SCOPE, scopes), ...scopes.map((scope) => ApiSecurity(ACCESS_TOKEN, [scope])));
/** These internal clients may call this route: the allow-list of registry.tokens. */
export const Clients = (...clients: [string, ...string[]]) =>
  applyDecorators(SetMetadata(CLIENTS, clients), ApiSecurity(CLIENT_TOKEN, clients));

/** Who may call a route. With both scopes and clients, either way in is enough. */
export interface AccessRule {
  readonly everybody: boolean;
  /** Scopes that an access token must all carry, or of which one is enough; null: no access token opens this route. */
  readonly scopes: readonly string[] | null;
  readonly anyScope: boolean;
  /** Internal clients that may call. */
  readonly clients: readonly string[] | null;
}

const ruleAt = (target: object): AccessRule | null => {
  const read = <T>(key: string): T | undefined => Reflect.getMetadata(key, target) as T | undefined;
  const anyOf = read<string[]>(ANY_SCOPE);
  const rule: AccessRule = {
    everybody: read<true>(PUBLIC) ?? false,
    scopes: read<string[]>(SCOPES) ?? anyOf ?? null,
    anyScope: anyOf !== undefined,
    clients: read<string[]>(CLIENTS) ?? null,
  };
  return rule.everybody || rule.scopes || rule.clients ? rule : null;
};

/** The rule of a handler: its own, else its controller's; null if nobody has said who may call it. */
export const accessRuleOf = (handler: object, controller: object): AccessRule | null =>
  ruleAt(handler) ?? ruleAt(controller);
