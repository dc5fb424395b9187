/**
 * What every service shares: command line, configuration, listeners, access, problems, logs, metrics, health, reload, shutdown.
 *
 *     // main.ts
 *     import { CapError } from '@cap/core';
 *     import { Body, Controller, Get, Inject, Module, Post } from '@nestjs/common';
 *     import { runService, Clients, CONFIG, counter, CurrentPrincipal, Logs, type Principal, Public, Readiness, Scopes } from '@cap/service-kit';
 *
 *     const Greeting = z.strictObject({ name: z.string() });
 *
 *     @Controller()
 *     class GreetController {
 *       private readonly log;
 *       constructor(@Inject(Logs) logs: Logs, @Inject(CONFIG) private config: Config, @Inject(Readiness) readiness: Readiness) {
 *         this.log = logs.for('greet');                                   // levels per module: LOG_LEVEL=info,greet=debug
 *         readiness.add('dictionary', async () => { … });                 // throw an Error that says what is missing
 *       }
 *       @Post('greetings') @Scopes('verify:read')                         // every route needs @Public, @Scopes or @Clients
 *       greet(@Body({ schema: Greeting }) body: Greeting, @CurrentPrincipal() who: Principal) {
 *         if (body.name === '') throw new CapError('entry.unknown', 'Nobody of that name.');
 *         return { hello: body.name, from: who.subject };
 *       }
 *       @Get('v1/status') @Clients('verifier', 'backup') status() { … }   // tokens of registry.tokens
 *     }
 *     @Module({ controllers: [GreetController] }) class AppModule {}
 *
 *     await runService({ binary: 'cap-verifier-api', role: 'verifier', description: 'judges bundles', module: () => AppModule });
 *
 * In tests: `const service = await createService(parts, loadConfig({ role, document: {…} }))`, then
 * `service.app.inject(…)`, or `await service.listen()` with binds on port 0, and `await service.stop()`.
 * POST answers 201 in Nest: routes that answer 200 need @HttpCode(200). Routes of Fastify plugins need `{config: {access: PUBLIC}}`.
 * `request.result = 'ok'` puts a verdict into the request's log line. Access is judged before the body is read.
 * Use `@Inject(Token)` on every constructor parameter: bundles are made without type metadata.
 * Metrics: `counter`, `gauge`, `histogram` return the metric of that name, made on first use; `cacheOutcomes(name)` counts a cache;
 * `MetricSource` is for what is read off a database or directory when somebody asks, which must not fail the scrape.
 */
export { createService, type Service, type ServiceParts } from './service/create-service.js';
export { runService, type ServiceCommand, type ServiceDefinition } from './service/run-service.js';
export { exitCodeOf } from './service/exit-code.js';
export { CONFIG } from './service/kit.module.js';
export { Reload, type ReloadStep } from './service/reload.js';
export { Readiness, type ReadinessCheck } from './health/readiness.js';
export { Logs, type LogFields, type ModuleLog } from './logging/logs.js';
export { AnyScope, Clients, Public, Scopes } from './access/rules.js';
export { CurrentPrincipal, type Principal, requireScopes } from './access/principal.js';
export { parseJsonBody } from './http/json-body.js';
export { toProblem } from './problems/to-problem.js';
export { type BodyType, Consumes, JSON_BODY } from './http/route-metadata.js';
export { type Holder, holderOf, Shares } from './http/shares.js';
export { parseWith, schemaProblem } from './problems/schema.pipe.js';
export { JSON_MEDIA_TYPE, preferredType, Produces } from './http/accept.js';
export { cacheOutcomes, type CacheOutcomes } from './metrics/cache-metrics.js';
export { counter, gauge, histogram } from './metrics/metric.js';
export { type Ending, exposeEndings } from './metrics/expiry.js';
export { MetricSource } from './metrics/metric-source.js';
export { type ApiDescription, openApiDocument } from './openapi/document.js';
export { schemaRef } from './openapi/json-schema.js';
export { Problems } from './openapi/problems.js';
export {
  type Content,
  type JsonSchema,
  type OpenApiDocument,
  type Operation,
  type Parameter,
  type Response,
} from './openapi/types.js';
