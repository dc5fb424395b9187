import { type ExecutionContext, Injectable, UnauthorizedException } from '@nestjs/common';
import { ConfigService } from '@nestjs/config';
import { Reflector } from '@nestjs/core';
import { AuthGuard, AuthModuleOptions } from '@nestjs/passport';
import { CapError } from '@cap/core';
import type { Config } from '@cap/config';
import type { FastifyRequest } from 'fastify';
import { Logs } from '../logging/logs.js';
import { UnauthenticatedLog } from '../logging/unauthenticated-log.js';
import { HttpMetrics } from '../metrics/http-metrics.js';
import { oncePerHandler } from '../once-per-handler.js';
import { bearerToken } from './bearer-token.js';
import { missingScope, type Principal } from './principal.js';
import { type AccessRule, accessRuleOf } from './access.decorators.js';
import { TokenCache } from './token-cache.js';

const challenge = (code: 'auth.missing' | 'auth.invalid', detail: string, more = ''): CapError =>
  new CapError(code, detail, { headers: { 'www-authenticate': `Bearer realm="cap"${more}` } });

/**
 * Guards every route. passport identifies the caller with the application's strategies; the route's decorators
 * decide whether that caller may in. The guard runs before the body is read, so that an unauthenticated caller's bytes are never parsed.
 */
@Injectable()
export class AccessGuard extends AuthGuard() {
  private readonly refusals: UnauthenticatedLog;
  private readonly ruleOf: (context: ExecutionContext) => AccessRule;
  /** What every access token must carry. */
  private readonly requiredScopes: readonly string[];

  constructor(
    options: AuthModuleOptions,
    config: ConfigService<Config, true>,
    private readonly metrics: HttpMetrics,
    logs: Logs,
    private readonly tokens: TokenCache,
    reflector: Reflector,
  ) {
    super(options);
    this.ruleOf = oncePerHandler((handler, controller) => {
      const rule = accessRuleOf(reflector, handler, controller);
      if (!rule) throw new Error(`${controller.name}.${handler.name} has no access rule`);
      return rule;
    });
    this.requiredScopes = config.get('oauth', { infer: true })?.required_scopes ?? [];
    this.refusals = new UnauthenticatedLog(logs.for('auth'), 'refused tokens');
  }

  override canActivate(context: ExecutionContext) {
    if (this.ruleOf(context).everybody) return true;
    const request = context.switchToHttp().getRequest<FastifyRequest>();
    const token = bearerToken(request);
    const known = token === null ? null : this.tokens.get(token);
    // passport creates a strategy and its closures for each request, which costs more than the rest of a warm one.
    return known ? Boolean(this.handleRequest(null, known, null, context)) : super.canActivate(context);
  }

  /** The caller, if the route's rule lets them in. */
  override handleRequest<T extends Principal>(
    error: unknown,
    principal: T | false | null,
    info: unknown,
    context: ExecutionContext,
  ): T {
    const request = context.switchToHttp().getRequest<FastifyRequest>();
    if (!principal) throw this.refusal(request, error ?? info);
    const { scopes, anyScope, clients } = this.ruleOf(context);
    if (principal.client === null ? !scopes : !clients)
      throw this.invalid(request, 'of a kind that this route does not accept');
    request.principal = principal; // for the log, which also names callers who are refused below
    if (principal.client !== null) {
      if (!clients!.includes(principal.client))
        throw new CapError('auth.scope', `The client ${principal.client} may not call this.`);
      return principal;
    }
    const has = (scope: string) => principal.scopes.has(scope);
    if (!this.requiredScopes.every(has) || !(anyScope ? scopes!.some(has) : scopes!.every(has)))
      throw missingScope([...new Set([...this.requiredScopes, ...(anyScope ? scopes!.slice(0, 1) : scopes!)])]);
    return principal;
  }

  /** The error for an unauthenticated request. `cause`: an error, or each strategy's reason. */
  private refusal(request: FastifyRequest, cause: unknown): unknown {
    if (request.headers.authorization === undefined)
      return challenge('auth.missing', 'This needs an access token: Authorization: Bearer …');
    if (bearerToken(request) === null) return this.invalid(request, 'not a bearer token');
    const reasons = [cause].flat().filter((one) => one instanceof Error);
    const unknown = reasons.find((one) => one instanceof CapError); // the token could not be checked at all
    if (unknown) return unknown;
    if (cause instanceof Error && !(cause instanceof UnauthorizedException)) return cause;
    return this.invalid(request, reasons.at(-1)?.message ?? 'unknown token');
  }

  /** Only the log has the reason, and the address to block if this goes on: the answer tells an attacker nothing. */
  private invalid(request: FastifyRequest, reason: string): CapError {
    this.metrics.countTokenFailure();
    const { id, ip, routeOptions } = request;
    this.refusals.write('info', 'a token was refused', { request_id: id, route: routeOptions.url, client: ip, reason });
    return challenge('auth.invalid', 'The access token is not valid.', ', error="invalid_token"');
  }
}
