import type { IncomingHttpHeaders } from 'node:http';
import { Injectable, UnauthorizedException } from '@nestjs/common';
import { ConfigService } from '@nestjs/config';
import { PassportStrategy } from '@nestjs/passport';
import type { Config } from '@cap/config';
import { Strategy, type StrategyOptionsWithRequest, type VerifyCallbackWithRequest } from 'passport-jwt';
import { z } from 'zod';
import { bearerToken } from './bearer-token.js';
import { ALGORITHMS, KeySource } from './keys.js';
import type { Principal } from './principal.js';
import { StrategyNames } from './strategy-names.js';
import { TokenCache } from './token-cache.js';

/** Header members that carry or point to a key: a token must not choose the key that verifies it. */
const FORBIDDEN_HEADERS = ['jku', 'x5u', 'jwk', 'x5c', 'crit'] as const;
const TOKEN_TYPES = ['jwt', 'at+jwt'];
const CLOCK_TOLERANCE_SECONDS = 5;

type Request = { readonly headers: IncomingHttpHeaders };

/** A media type, where `application/` may be left out and case does not count (RFC 7515, 4.1.9). */
const isTokenType = (typ: unknown): boolean =>
  typ === undefined ||
  (typeof typ === 'string' && TOKEN_TYPES.includes(typ.toLowerCase().replace(/^application\//, '')));

/** The key that the token's header selects, as PEM; throws if the header asks for anything not allowed. */
async function selectKey(token: string, keys: KeySource): Promise<string> {
  const header: unknown = JSON.parse(Buffer.from(token.split('.', 1)[0]!, 'base64url').toString());
  if (typeof header !== 'object' || header === null) throw new Error('the header is not an object');
  for (const name of FORBIDDEN_HEADERS) if (name in header) throw new Error(`header ${name} is not accepted`);
  const { typ, kid, alg } = header as Readonly<Record<string, unknown>>;
  if (!isTokenType(typ)) throw new Error('typ is not that of an access token');
  if (kid !== undefined && typeof kid !== 'string') throw new Error('kid is not a string');
  const key = await keys.select(kid, alg);
  if (!key) throw new Error('no key for this kid and algorithm');
  return key.pem;
}

/** Claims required besides those that passport-jwt checks. Quotas and idempotency keys are per subject. */
const claims = z.object({
  iss: z.string(),
  sub: z.string().min(1),
  exp: z.number(),
  iat: z.number().optional(),
  scope: z.unknown().optional(),
  scp: z.unknown().optional(),
});

/** Scopes of `scope` (separated by spaces) or `scp` (a list, or like scope). */
function scopesOf({ scope, scp }: z.infer<typeof claims>): Set<string> {
  const claimed = scope ?? scp;
  if (typeof claimed === 'string') return new Set(claimed.split(' ').filter(Boolean));
  return new Set(Array.isArray(claimed) ? claimed.filter((one) => typeof one === 'string') : []);
}

/** passport-jwt under the name of one application. */
class NamedStrategy extends Strategy {
  constructor(options: StrategyOptionsWithRequest & { name: string }, verify: VerifyCallbackWithRequest) {
    super(options, verify);
    this.name = options.name;
  }
}

/** Access tokens of the configured issuers. */
@Injectable()
export class JwtStrategy extends PassportStrategy(NamedStrategy) {
  constructor(
    { jwt: name }: StrategyNames,
    config: ConfigService<Config, true>,
    keys: KeySource,
    private readonly tokens: TokenCache,
  ) {
    const { issuer, audience } = config.get('oauth', { infer: true })!;
    super({
      name,
      jwtFromRequest: bearerToken,
      secretOrKeyProvider: (_request, token: string, done) =>
        void selectKey(token, keys).then((pem) => done(null, pem), done),
      algorithms: [...ALGORITHMS],
      issuer: [...issuer],
      audience,
      jsonWebTokenOptions: { clockTolerance: CLOCK_TOLERANCE_SECONDS },
      passReqToCallback: true,
    });
  }

  /** Called with the claims of a token whose signature, issuer, audience and times are right. */
  validate(request: Request, payload: unknown): Principal {
    const parsed = claims.safeParse(payload);
    if (!parsed.success) throw new UnauthorizedException(z.prettifyError(parsed.error));
    const { iss, sub, exp } = parsed.data;
    // Each issuer names its own subjects: two issuers may use one name for different people.
    const principal = { subject: `${iss}#${sub}`, scopes: scopesOf(parsed.data), client: null };
    this.tokens.keep(bearerToken(request)!, { principal, expiresAt: exp * 1000 });
    return principal;
  }
}
