import { type CanActivate, type ExecutionContext } from '@nestjs/common';
import { type FastifyRequest } from 'fastify';
import { type Counter } from 'prom-client';
import { type ModuleLog } from '../logging/logs.js';
import { ProblemError } from '../problems/problem.js';
import { type ClientTokens } from './client-tokens.js';
import { type Authenticate, bearerToken } from './jwt.js';
import { missingScope, type Principal } from './principal.js';
import { type AccessRule, accessRuleOf } from './rules.js';
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

/** The one door of every route: public, by access token and scope, or by internal client. */
export class AccessGuard implements CanActivate {
  private readonly rules = new WeakMap<object, AccessRule>();

  constructor(private readonly parts: AccessParts) {}

  canActivate(context: ExecutionContext): boolean | Promise<boolean> {
    const rule = this.ruleOf(context);
    if (rule.everybody) return true;
    const request = context.switchToHttp().getRequest<FastifyRequest>();
    const token = bearerToken(request.headers.authorization);
    if (token === undefined)
      throw this.challenge('auth.missing', 'This needs an access token: Authorization: Bearer …');
    if (token === null) throw this.invalid(request, 'not a bearer token');

    const client = rule.clients && this.parts.clients.identify(token);
    if (client) {
      if (!rule.clients.includes(client.subject))
        throw new ProblemError('auth.scope', `The client ${client.subject} may not call this.`);
      request.principal = client;
      return true;
    }
    if (!rule.scopes || !this.parts.tokens) throw this.invalid(request, 'unknown token');
    const cached = this.parts.tokens.cache.get(token);
    if (cached) return this.admit(request, cached, rule.scopes);
    return this.verify(context, request, token, rule.scopes);
  }

  private async verify(
    context: ExecutionContext,
    request: FastifyRequest,
    token: string,
    scopes: readonly string[],
  ): Promise<boolean> {
    const { authenticate, cache } = this.parts.tokens!;
    let verified;
    try {
      verified = await authenticate(context);
    } catch (error) {
      throw this.invalid(request, error instanceof Error ? error.message : 'not valid');
    }
    cache.keep(token, verified);
    return this.admit(request, verified.principal, scopes);
  }

  private admit(request: FastifyRequest, principal: Principal, scopes: readonly string[]): true {
    const needed = [...this.parts.tokens!.requiredScopes, ...scopes];
    for (const scope of needed) if (!principal.scopes.has(scope)) throw missingScope([...new Set(needed)]);
    request.principal = principal;
    return true;
  }

  /** The reason goes to the log alone: a stranger learns nothing from the answer. */
  private invalid(request: FastifyRequest, reason: string): ProblemError {
    this.parts.failures.inc();
    this.parts.log.info('a token was refused', { request_id: request.id, route: request.routeOptions.url, reason });
    return this.challenge('auth.invalid', 'The access token is not valid.', ', error="invalid_token"');
  }

  private challenge(code: 'auth.missing' | 'auth.invalid', detail: string, more = ''): ProblemError {
    return new ProblemError(code, detail, { headers: { 'www-authenticate': `Bearer realm="cap"${more}` } });
  }

  private ruleOf(context: ExecutionContext): AccessRule {
    const handler = context.getHandler();
    let rule = this.rules.get(handler);
    if (!rule) {
      const found = accessRuleOf(handler, context.getClass());
      if (!found) throw new Error(`${context.getClass().name}.${handler.name} has no access rule`);
      this.rules.set(handler, (rule = found));
    }
    return rule;
  }
}
