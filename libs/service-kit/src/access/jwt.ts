import { type KeyObject } from 'node:crypto';
import { type ExecutionContext } from '@nestjs/common';
import { AuthGuard, PassportStrategy } from '@nestjs/passport';
import { type OauthConfig } from '@cap/config';
import { decodeProtectedHeader, jwtVerify, type JWTPayload } from 'jose';
import passportJwt from 'passport-jwt';
import { type FastifyReply, type FastifyRequest } from 'fastify';
import { algorithmOf, type KeySource } from './keys.js';
import { type Principal } from './principal.js';

/** Header members that point at or carry a key: a token must not choose what it is verified with. */
const FORBIDDEN_HEADERS = ['jku', 'x5u', 'jwk', 'x5c', 'crit'] as const;
const TOKEN_TYPES = ['jwt', 'at+jwt'];
/** Longer than any token that an issuer makes, shorter than what is worth hashing. */
const MAX_TOKEN_LENGTH = 8192;
const CLOCK_TOLERANCE_SECONDS = 5;

/** Reads `Authorization: Bearer …`; undefined without the header, null when it holds something else. */
export function bearerToken(authorization: string | undefined): string | null | undefined {
  if (authorization === undefined) return undefined;
  const match = /^Bearer ([A-Za-z0-9._~+/=-]+)$/i.exec(authorization);
  return match && match[1]!.length <= MAX_TOKEN_LENGTH ? match[1]! : null;
}

/** A media type, where `application/` may be left out and case does not count (RFC 7515, 4.1.9). */
const isTokenType = (typ: unknown): boolean =>
  typ === undefined ||
  (typeof typ === 'string' && TOKEN_TYPES.includes(typ.toLowerCase().replace(/^application\//, '')));

/** The key that the token's header may select; throws when the header asks for anything else. */
async function selectKey(token: string, keys: KeySource): Promise<KeyObject> {
  const header = decodeProtectedHeader(token);
  for (const name of FORBIDDEN_HEADERS) if (name in header) throw new Error(`header ${name} is not accepted`);
  if (!isTokenType(header.typ)) throw new Error('typ is not that of an access token');
  if (header.kid !== undefined && typeof header.kid !== 'string') throw new Error('kid is not a string');
  const selected = await keys.select(header.kid, header.alg);
  if (!selected) throw new Error('no key for this kid and algorithm');
  return selected.key;
}

interface VerifyOptions {
  issuer: string[];
  audience: string;
}

/** Stands in for passport-jwt's own verifier, whose jsonwebtoken knows no EdDSA. */
function verifyWithJose(
  token: string,
  key: KeyObject,
  options: VerifyOptions,
  done: (error: unknown, payload?: JWTPayload) => void,
): void {
  jwtVerify(token, key, {
    algorithms: [algorithmOf(key)!],
    issuer: options.issuer,
    audience: options.audience,
    clockTolerance: CLOCK_TOLERANCE_SECONDS,
    requiredClaims: ['iss', 'sub', 'aud', 'exp'],
  }).then(
    ({ payload }) => done(null, payload),
    (error: unknown) => done(error),
  );
}
(passportJwt.Strategy as unknown as { JwtVerifier: unknown }).JwtVerifier = verifyWithJose;

/** Scopes of `scope` (separated by spaces) or `scp` (a list, or like scope). */
export function scopesOf({ scope, scp }: JWTPayload): Set<string> {
  const said = scope ?? scp;
  if (typeof said === 'string') return new Set(said.split(' ').filter(Boolean));
  return new Set(Array.isArray(said) ? said.filter((one) => typeof one === 'string') : []);
}

export interface VerifiedToken {
  readonly principal: Principal;
  /** Unix time in milliseconds. */
  readonly expiresAt: number;
}

/** Throws without a subject: quotas and idempotency keys count by it, and all who have none would share theirs. */
function verified(payload: JWTPayload): VerifiedToken {
  const { iss, sub, exp } = payload;
  if (typeof sub !== 'string' || sub === '') throw new Error('sub is not a name');
  // Issuers name subjects on their own: two of them may use one name for different people.
  return { principal: { subject: `${iss}#${sub}`, scopes: scopesOf(payload), client: null }, expiresAt: exp! * 1000 };
}

/** Verifies the request's token through passport; throws when it is not valid. */
export type Authenticate = (request: FastifyRequest, reply: FastifyReply) => Promise<VerifiedToken>;

let strategies = 0;

/** A passport strategy of its own name (passport is one per process, services in one process may differ) and the guard that runs it. */
export function jwtAuthentication(oauth: OauthConfig, keys: KeySource): Authenticate {
  const name = `cap-jwt-${++strategies}`;
  class JwtStrategy extends PassportStrategy(passportJwt.Strategy, name) {
    constructor() {
      super({
        jwtFromRequest: (request: unknown) => bearerToken((request as FastifyRequest).headers.authorization) ?? null,
        secretOrKeyProvider: (_request: unknown, token: string, done: (error: unknown, key?: never) => void) =>
          void selectKey(token, keys).then((key) => done(null, key as never), done),
        issuer: [...oauth.issuer],
        audience: oauth.audience,
      });
    }
    validate(payload: JWTPayload): VerifiedToken {
      return verified(payload);
    }
  }
  new JwtStrategy(); // registers itself with passport
  const guard = new (class extends AuthGuard(name) {
    /** passport puts the reason why a token is refused into `info`. */
    override handleRequest<User>(error: unknown, user: User | false, info: unknown): User {
      if (error || !user) throw error ?? info ?? new Error('not valid');
      return user;
    }
  })();
  return async (request, reply) => {
    const http = { getRequest: () => request, getResponse: () => reply };
    await guard.canActivate({ switchToHttp: () => http } as unknown as ExecutionContext);
    return (request as unknown as { user: VerifiedToken }).user;
  };
}
