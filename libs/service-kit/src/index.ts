/**
 * What every service shares: command line, configuration, listeners, access, problems, logs, metrics, health, reload, shutdown.
 * A service is a Nest application (docs.nestjs.com) on Fastify; ADR 0013 explains where it departs from standard Nest, and why.
 *
 * Where do I add …
 *
 * - a route? A method of a controller, with `@Public()`, `@Scopes()` or `@Clients()`: without one of them the service does not start.
 *   `@Body({ schema })`, `@Query({ schema })` and `@Param(name, { schema })` parse with zod; what no schema knows is refused. `@Consumes()` takes
 *   a body that is not JSON, `@Produces()` answers in another type; `@ApiOperation`, `@ApiOkResponse` and `@Problems` are its documentation.
 *   `@ManagementOnly()` keeps it off the API's listener. POST answers 201 unless `@HttpCode(200)` says otherwise. An error is a CapError;
 *   its code decides the status.
 *
 *       @Post('greetings') @Scopes('verify:read')
 *       greet(@Body({ schema: greeting }) { name }: Greeting, @CurrentPrincipal() who: Principal) { return { hello: name, from: who.subject }; }
 *
 * - a setting? In libs/config; here `config: ConfigService<Config, true>` in a constructor, `config.get('limits', { infer: true })`.
 *   ConfigService tells what the service was started with; what SIGHUP changes reaches those who have called `reload.add(…)`.
 * - a readiness check? `readiness.add('dictionary', async () => { … })` in a constructor: throw an Error that says what is missing.
 * - a metric? `makeCounterProvider({ …, registers })` of @willsoto/nestjs-prometheus in the app's `metrics.ts`, `@InjectMetric(name)` where
 *   it counts. `CacheMetrics` counts a cache, `Expiries` tells what expires; a `MetricSource` is read when somebody asks (a database, a
 *   directory) and can't fail the scrape: `metricsOf` makes its metrics.
 * - a log line? `logs.for('greet').info('…', { fields })`; levels per module: LOG_LEVEL=info,greet=debug. `request.result = 'ok'` puts a
 *   verdict into the request's own line.
 *
 * A request passes: hooks (id, listener, 404) → AccessGuard → RequestBodyGuard (query, Accept, body) → pipes → handler → ProblemFilter if
 * it throws → hooks (log line, metrics). `@Inject(TOKEN)` is for what is no class.
 *
 * `runService` is the main of a service. In tests: `createService(parts, loadConfig({ role, document: {…} }))`, then
 * `service.app.inject(…)`, or `service.listen()` with binds on port 0, and `service.stop()`.
 */
import './http/fastify-request.js'; // what it adds to Fastify's request is for handlers too

export { createService, type Service, type ServiceParts, type TestSettings } from './service/create-service.js';
export { runService, type ServiceCommand, type ServiceDefinition } from './service/run-service.js';
export { Reload } from './service/reload.js';
export { Readiness } from './health/readiness.js';
export { RegistryConnection } from './registry/registry-connection.js';
export { RegistryConnectionModule } from './registry/registry-connection.module.js';
export { Logs, type ModuleLog } from './logging/logs.js';
export { AnyScope, Clients, Public, Scopes } from './access/access.decorators.js';
export { Caller, CurrentPrincipal, type Principal, requireScopes } from './access/principal.js';
export { ManagementOnly } from './http/listener.decorators.js';
export { type BodyType, Consumes, JSON_BODY } from './http/route-metadata.js';
export { type Requester, requesterOf, SharedQuota } from './http/shared-quota.js';
export { parseWith } from './http/schema.pipe.js';
export { JSON_MEDIA_TYPE, preferredType, Produces } from './http/accept.js';
export { CacheMetrics, type CacheOutcomes } from './metrics/cache-metrics.js';
export { type Expiry, Expiries } from './metrics/expiry.js';
export { MetricSource, metricsOf } from './metrics/metric-source.js';
export { type Registers } from './metrics/registers.js';
export { type ApiDescription, openApiDocument } from './openapi/document.js';
export { schemaRef } from './openapi/json-schema.js';
export { Problems } from './openapi/problems.decorator.js';
export {
  type Content,
  type JsonSchema,
  type OpenApiDocument,
  type Operation,
  type Parameter,
  type Response,
} from './openapi/types.js';
