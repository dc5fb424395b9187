import { type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify';
import { type Counter } from 'prom-client';
import { CapError } from '@cap/core';
import { type ModuleLog } from '../logging/logs.js';
import { StrangersLog } from '../logging/strangers-log.js';
import { type ClientTokens } from './client-tokens.js';
import { type Authenticate, bearerToken } from './jwt.js';
import { missingScope, type Principal } from './principal.js';
import { type AccessRule } from './rules.js';
import { type TokenCache } from './token-cache.js';

export interface AccessParts {
  readonly clients: ClientTokens;
  /** Null when no issuer is configured: then no access token is valid. */
  readonly tokens: {
    readonly authenticate: Authenticate;
    readonly cache: TokenCache;
    readonly requiredScopes: readonly string[];
  } | null;
  readonly failures: Counter;
  readonly log: ModuleLog;
}

const challenge = (code: 'auth.missing' | 'auth.invalid', detail: string, more = ''): CapError =>
  new CapError(code, detail, { headers: { 'www-authenticate': `Bearer realm="cap"${more}` } });

/** The one door of every route. It stands before the body is read, so that a stranger's bytes are never parsed. */
export function addAccessHook(fastify: FastifyInstance, { clients, tokens, failures, log }: AccessParts): void {
  const refused = new StrangersLog(log, 'refused tokens');
  fastify.addHook('onRequest', (request, reply, done) => {
    const rule = request.routeOptions.config.access;
    if (!rule) return done(new Error(`${request.routeOptions.url} has no access rule`));
    if (rule.everybody) return done();
    const token = bearerToken(request.headers.authorization);
    if (token === undefined)
      return done(challenge('auth.missing', 'This needs an access token: Authorization: Bearer …'));
    if (token === null) return done(invalid(request, 'not a bearer token'));

    const client = rule.clients && clients.identify(token);
    if (client) {
      request.principal = client; // who it is counts for the log also where it may not call
      if (!rule.clients.includes(client.subject))
        return done(new CapError('auth.scope', `The client ${client.subject} may not call this.`));
      return done();
    }
    if (!rule.scopes || !tokens) return done(invalid(request, 'unknown token'));
    const cached = tokens.cache.get(token);
    if (cached) return done(admit(request, cached, rule));
    verify(request, reply, token, rule).then(done, done);
  });

  async function verify(request: FastifyRequest, reply: FastifyReply, token: string, rule: AccessRule) {
    const { authenticate, cache } = tokens!;
    let verified;
    try {
      verified = await authenticate(request, reply);
    } catch (error) {
      if (error instanceof CapError) return error; // nobody could say whether it is valid
      return invalid(request, error instanceof Error ? error.message : 'not valid');
    }
    cache.keep(token, verified);
    return admit(request, verified.principal, rule);
  }

  /** Writes who it is on the request; the problem when a scope is missing. */
  function admit(request: FastifyRequest, principal: Principal, rule: AccessRule): CapError | undefined {
    request.principal = principal;
    const scopes = rule.scopes!;
    const has = (scope: string) => principal.scopes.has(scope);
    const { requiredScopes } = tokens!;
    if (!requiredScopes.every(has) || !(rule.anyScope ? scopes.some(has) : scopes.every(has)))
      return missingScope([...new Set([...requiredScopes, ...(rule.anyScope ? scopes.slice(0, 1) : scopes)])]);
    return undefined;
  }

  /** The reason goes to the log alone, with the address to block if it goes on: a stranger learns nothing from the answer. */
  function invalid(request: FastifyRequest, reason: string): CapError {
    failures.inc();
    const { id, ip, routeOptions } = request;
    refused.write('info', 'a token was refused', { request_id: id, route: routeOptions.url, client: ip, reason });
    return challenge('auth.invalid', 'The access token is not valid.', ', error="invalid_token"');
  }
}
