import { createHash, generateKeyPairSync, type KeyObject } from 'node:crypto';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { type Readable, Writable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { Body, Controller, Get, Module, Param, Post, Req, Res } from '@nestjs/common';
import { CapError } from '@cap/core';
import { loadConfig, type LoadInput } from '@cap/config';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { SignJWT } from 'jose';
import { Registry } from 'prom-client';
import { z } from 'zod';
import {
  Clients,
  Consumes,
  createService,
  CurrentPrincipal,
  Logs,
  type Principal,
  Public,
  Readiness,
  requireScopes,
  Scopes,
  type Service,
  type ServiceParts,
  type TestSettings,
} from './index.js';

const Greeting = z.strictObject({ name: z.string(), options: z.strictObject({ times: z.number() }).optional() });

/** What the tests steer: a readiness check, a request that waits, an error that is thrown. */
export class Stage {
  dictionary: string | null = null;
  /** What the greeter goes on without once it was there. */
  thesaurus: string | null = null;
  error: unknown = new Error('nothing staged');
  /** Resolves when a request to /slow is being answered. */
  readonly entered = Promise.withResolvers<void>();
  readonly release = Promise.withResolvers<void>();
  /** Resolves when the connection of a request to /large has closed. */
  readonly closed = Promise.withResolvers<void>();
}

@Controller()
class GreeterController {
  private readonly log;
  constructor(
    private readonly stage: Stage,
    logs: Logs,
    readiness: Readiness,
  ) {
    this.log = logs.for('greeter');
    readiness.add('dictionary', () => {
      if (stage.dictionary !== null) throw new Error(stage.dictionary);
    });
    const thesaurus = () => {
      if (stage.thesaurus !== null) throw new Error(stage.thesaurus);
    };
    readiness.add('thesaurus', thesaurus, { onceIsEnough: true });
  }

  @Get('open/:name')
  @Public()
  open(@Param('name') name: string) {
    this.log.debug('greeting', { name });
    return { hello: name };
  }

  @Post('greetings')
  @Scopes('verify:read')
  greet(@Body({ schema: Greeting }) body: z.infer<typeof Greeting>, @CurrentPrincipal() who: Principal) {
    if (body.name === 'persist') requireScopes(who, 'policy:write');
    return { hello: body.name, subject: who.subject };
  }

  /** Begins to read its body when the stage is released. */
  @Post('unhurried')
  @Scopes('verify:read')
  @Consumes({ mediaType: 'x/slow' })
  async unhurried(@Req() request: FastifyRequest) {
    this.stage.entered.resolve();
    await this.stage.release.promise;
    return { bytes: (await buffer(request.body as Readable)).length };
  }

  @Get('large')
  @Public()
  large(@Res({ passthrough: true }) reply: FastifyReply) {
    reply.raw.once('close', () => this.stage.closed.resolve());
    return Buffer.alloc(30_000_000, 'x');
  }

  @Get('v1/status')
  @Clients('verifier', 'backup')
  status(@CurrentPrincipal() who: Principal) {
    return { client: who.client };
  }

  @Post('v1/backups')
  @Scopes('backup:run')
  @Clients('operator')
  backup(@CurrentPrincipal() who: Principal) {
    return { subject: who.subject };
  }

  @Get('slow')
  @Public()
  async slow() {
    this.stage.entered.resolve();
    await this.stage.release.promise;
    return { done: true };
  }

  @Get('broken')
  @Public()
  broken() {
    throw this.stage.error;
  }

  @Get('conflict')
  @Public()
  conflict() {
    throw new CapError('idempotency.in-flight', 'The first request still runs.');
  }
}

/** A directory of its own for a test's files. */
export const temporaryDirectory = (): string => mkdtempSync(path.join(tmpdir(), 'cap-service-kit-'));

export const testdata = (name: string): string => path.join(import.meta.dirname, '../testdata', name);

/** A token issuer of one key. */
export class Issuer {
  readonly publicKey: KeyObject;
  readonly privateKey: KeyObject;
  /** PEM file of the public key. */
  readonly file: string;

  constructor(
    readonly algorithm: 'ES256' | 'PS256' | 'RS256' = 'ES256',
    readonly kid = 'key-1',
  ) {
    const pair =
      algorithm === 'ES256'
        ? generateKeyPairSync('ec', { namedCurve: 'P-256' })
        : generateKeyPairSync('rsa', { modulusLength: 2048 });
    this.publicKey = pair.publicKey;
    this.privateKey = pair.privateKey;
    this.file = path.join(temporaryDirectory(), 'public.pem');
    writeFileSync(this.file, this.pem);
  }

  get pem(): string {
    return this.publicKey.export({ type: 'spki', format: 'pem' }) as string;
  }

  get jwk() {
    return { ...this.publicKey.export({ format: 'jwk' }), kid: this.kid, use: 'sig', alg: this.algorithm };
  }

  /** A valid token unless claims or header say otherwise; a claim of `undefined` is left out. */
  token(claims: Record<string, unknown> = {}, header: Record<string, unknown> = {}): Promise<string> {
    const now = Math.floor(Date.now() / 1000);
    const all = {
      iss: 'https://issuer.test',
      aud: 'cap-verifier',
      sub: 'auditor',
      exp: now + 600,
      scope: 'verify:read',
      ...claims,
    };
    return new SignJWT(Object.fromEntries(Object.entries(all).filter(([, value]) => value !== undefined)))
      .setProtectedHeader({ alg: this.algorithm, kid: this.kid, ...header })
      .sign(this.privateKey, { crit: { b64: true, 'cap-test': true } });
  }
}

export const CLIENT_TOKENS = {
  verifier: 'verifier-token-0123456789',
  backup: 'backup-token-0123456789',
  operator: 'operator-token-0123456789',
};
export const tokenHash = (token: string): string => `sha256:${createHash('sha256').update(token).digest('hex')}`;

/** Collects log lines. */
export class LogSink extends Writable {
  readonly lines: Record<string, unknown>[] = [];
  override _write(chunk: Buffer, _encoding: string, done: () => void): void {
    for (const line of chunk.toString().split('\n').filter(Boolean)) this.lines.push(JSON.parse(line));
    done();
  }
  find(msg: string): Record<string, unknown>[] {
    return this.lines.filter((line) => line['msg'] === msg);
  }
}

export interface Greeter {
  readonly service: Service;
  readonly stage: Stage;
  readonly log: LogSink;
  /** Its metrics. */
  readonly metrics: Registry;
  readonly issuer: Issuer;
  /** The document it was configured with, to be changed and loaded again. */
  readonly document: Record<string, Record<string, unknown>>;
}

/** The tiny service of the tests; `document` is merged section by section into a working configuration. */
export async function greeter(
  document: Record<string, Record<string, unknown>> = {},
  {
    parts,
    tests,
    input,
    issuer = new Issuer(),
  }: { parts?: Partial<ServiceParts>; tests?: TestSettings; input?: Partial<LoadInput>; issuer?: Issuer } = {},
): Promise<Greeter> {
  const stage = new Stage();
  const log = new LogSink();
  @Module({ controllers: [GreeterController], providers: [{ provide: Stage, useValue: stage }] })
  class GreeterModule {}
  const base: Record<string, Record<string, unknown>> = {
    server: { management_bind: '127.0.0.1:0' },
    oauth: { issuer: 'https://issuer.test', audience: 'cap-verifier', public_key_path: issuer.file },
    registry: {
      tokens: Object.fromEntries(Object.entries(CLIENT_TOKENS).map(([name, token]) => [name, [tokenHash(token)]])),
    },
  };
  const merged = { ...base, ...document };
  for (const section of Object.keys(base)) merged[section] = { ...base[section], ...document[section] };
  const service = await createService(
    { binary: 'greeter', module: () => GreeterModule, ...parts },
    loadConfig({ role: 'verifier', document: merged, ...input }),
    { logOutput: log, ...tests },
  );
  return { service, stage, log, metrics: service.app.get(Registry), issuer, document: merged };
}
