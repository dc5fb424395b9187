import { createParamDecorator, type ExecutionContext } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import type { CallContext, Scope } from '@cap/contracts';
import { CapError } from '@cap/core';

/** Who makes a request: the subject of an access token, or a client of the internal API. */
export interface Principal {
  /** Token subject, or the client's name. Quotas, rate limits and idempotency keys are per subject. */
  readonly subject: string;
  readonly scopes: ReadonlySet<string>;
  /** Name of an internal client (`verifier`, `backup`, `operator`); null for an access token. */
  readonly client: string | null;
}

export const missingScope = (scopes: readonly string[]): CapError =>
  new CapError('auth.scope', `This needs the scope ${scopes.join(' ')}.`, {
    headers: { 'www-authenticate': `Bearer error="insufficient_scope", scope="${scopes.join(' ')}"` },
  });

/** For scopes that depend on the request's content: CapError auth.scope unless the principal has them all. */
export function requireScopes(principal: Principal, ...scopes: Scope[]): void {
  if (!scopes.every((scope) => principal.scopes.has(scope))) throw missingScope(scopes);
}

/** `@CurrentPrincipal() principal: Principal`, on a route with @Scopes or @Clients. */
export const CurrentPrincipal = createParamDecorator((_: unknown, context: ExecutionContext): Principal => {
  const { principal } = context.switchToHttp().getRequest<FastifyRequest>();
  if (!principal) throw new Error('CurrentPrincipal is used on a @Public() route');
  return principal;
});

/** `@Caller() context: CallContext`: what is passed on to other services when handling this request: its id. */
export const Caller = createParamDecorator((_: unknown, context: ExecutionContext): CallContext => {
  const { id } = context.switchToHttp().getRequest<FastifyRequest>();
  return { requestId: id };
});
