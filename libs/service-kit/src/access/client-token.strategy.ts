import { createHash, timingSafeEqual } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import { Injectable } from '@nestjs/common';
import { ConfigService } from '@nestjs/config';
import { PassportStrategy } from '@nestjs/passport';
import type { Config } from '@cap/config';
import { Strategy } from 'passport-strategy';
import { Reload } from '../service/reload.js';
import { bearerToken } from './bearer-token.js';
import type { Principal } from './principal.js';
import { StrategyNames } from './strategy-names.js';
import { TokenCache } from './token-cache.js';

type Verify = (token: string, done: (error: Error | null, principal?: Principal | null) => void) => void;

/** A bearer token that is not a JWT. */
class OpaqueTokenStrategy extends Strategy {
  readonly name: string;

  constructor(
    { name }: { name: string },
    private readonly verify: Verify,
  ) {
    super();
    this.name = name;
  }

  override authenticate(request: { headers: IncomingHttpHeaders }): void {
    const token = bearerToken(request);
    if (token === null) return this.fail(401);
    return this.verify(token, (error, principal) => {
      if (error) this.error(error);
      else if (principal) this.success(principal);
      else this.fail(401);
    });
  }
}

const NO_SCOPES: ReadonlySet<string> = new Set();

/** The tokens of internal clients, known by their SHA-256 only; two per client are valid during rotation. */
@Injectable()
export class ClientTokenStrategy extends PassportStrategy(OpaqueTokenStrategy) {
  private clients: readonly { principal: Principal; digest: Buffer }[];

  constructor(
    { clientToken: name }: StrategyNames,
    config: ConfigService<Config, true>,
    reload: Reload,
    private readonly tokens: TokenCache,
  ) {
    super({ name });
    this.clients = clientsOf(config.get('registry', { infer: true }).tokens);
    const replace = ({ registry }: Config) => {
      this.clients = clientsOf(registry.tokens);
      tokens.clear();
    };
    reload.add('client tokens', replace, ['registry.tokens']);
  }

  /** The client that holds this token, or null. Compares with every digest, so that timing reveals nothing. */
  validate(token: string): Principal | null {
    if (this.clients.length === 0) return null;
    const digest = createHash('sha256').update(token).digest();
    let found: Principal | null = null;
    for (const client of this.clients) if (timingSafeEqual(client.digest, digest)) found = client.principal;
    if (found) this.tokens.keep(token, { principal: found, expiresAt: Infinity });
    return found;
  }
}

const clientsOf = (tokens: Config['registry']['tokens']) =>
  Object.entries(tokens).flatMap(([client, hashes]) => {
    const principal: Principal = { subject: client, scopes: NO_SCOPES, client };
    return hashes.map((text) => ({ principal, digest: Buffer.from(text.slice('sha256:'.length), 'hex') }));
  });
