import { setTimeout as pause } from 'node:timers/promises';
import { type DynamicModule, Module, type Type } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { type Config, formatAddress, type LoadedConfig, parseLogLevels } from '@cap/config';
import { requireForwardSecrecy } from '@cap/crypto/tls-ciphers';
import { Registry } from 'prom-client';
import { assertAccessRules } from '../access/assert-access-rules.js';
import { Readiness } from '../health/readiness.js';
import { ServiceAdapter } from '../http/adapter.js';
import { BodyMemory } from '../http/body-memory.js';
import { MinimumBodyRate } from '../http/minimum-body-rate.js';
import { Listeners } from '../http/listeners.js';
import { addRequestHooks } from '../http/request-hooks.js';
import type { LineOutput } from '../logging/line-transport.js';
import { Logs } from '../logging/logs.js';
import { HttpMetrics } from '../metrics/http-metrics.js';
import type { Registers } from '../metrics/registers.js';
import { problemSender } from '../problems/problem.filter.js';
import { readCertificate } from './certificate.js';
import { ServedCertificate } from './certificate-watcher.js';
import { KitModule } from './kit.module.js';
import { Reload } from './reload.js';

/** While nothing is refused yet: time for running connections to hear `Connection: close`, and for probes to see 503. */
const DRAIN_MS = 300;
/** After the listeners are closed: time for the last connections that were accepted to send their request. */
const SETTLE_MS = 100;
/** How long running requests may take to finish, and how long the modules may take to close; together under 30 s. */
const FINISH_MS = 20_000;
const CLOSE_MS = 7_000;
const IDLE_SWEEP_MS = 50;
const CERTIFICATE_LOOK_MS = 30_000;

export interface ServiceParts {
  /** Name in the logs and metrics: `cap-verifier-api`. */
  readonly binary: string;
  /** The app's root module; its metrics are made for `registers`. */
  readonly module: (registers: Registers) => Type | DynamicModule;
  /** Told of the application once it is made, before it is initialised: registers plugins of Fastify, `app.register(multipart, …)`. */
  readonly configure?: ((app: NestFastifyApplication, config: Config) => unknown) | undefined;
  /** Told once the listeners are open, for what goes on beside the requests: a subcommand, which ends soon, never gets there. */
  readonly serving?: ((app: NestFastifyApplication) => void) | undefined;
}

/** What a test sets otherwise. */
export interface TestSettings {
  /** Where log lines go instead of stdout. */
  readonly logOutput?: LineOutput | undefined;
  /** How often the files of the certificate are looked at. */
  readonly certificateLookMs?: number | undefined;
  /** How long an answer may lie unread. */
  readonly unreadTimeoutMs?: number | undefined;
}

/** A service that is made and not listening yet. */
export interface Service {
  readonly app: NestFastifyApplication;
  readonly logs: Logs;
  /** Opens the listeners; the base URLs as bound. */
  listen(): Promise<{ management: string; api: string }>;
  /** What SIGHUP does, with the configuration read again. */
  reload(config: Config): Promise<boolean>;
  /** What SIGTERM does: not ready, running requests finish, modules close. Resolves within 30 s. */
  stop(): Promise<void>;
}

@Module({})
class ServiceModule {}

/** Builds and initialises the Nest application of a service on its listeners; nothing is open before `listen`. */
export async function createService(
  parts: ServiceParts,
  { config, listen: plan, warnings }: LoadedConfig,
  tests: TestSettings = {},
): Promise<Service> {
  requireForwardSecrecy();
  const logs = new Logs(parts.binary, parseLogLevels(config.server.log_level), tests.logOutput);
  const log = logs.for('service');
  for (const warning of warnings) log.warn(warning);
  const reload = new Reload(log, config);
  reload.add('log level', ({ server }) => logs.setLevels(parseLogLevels(server.log_level)), ['server.log_level']);

  const certificate = readCertificate(config);
  const listeners = new Listeners(plan, certificate?.options ?? null, tests.unreadTimeoutMs);
  const sendProblem = problemSender(logs.for('http'));
  const adapter = new ServiceAdapter(config, listeners, sendProblem);
  const registers: Registers = [new Registry()];
  const root: DynamicModule = {
    module: ServiceModule,
    imports: [
      KitModule.register({
        service: parts.binary,
        config,
        registers,
        certificate: certificate && new ServedCertificate(certificate, tests.certificateLookMs ?? CERTIFICATE_LOOK_MS),
        logs,
        reload,
        sendProblem,
        listeners,
        memory: new BodyMemory(config.limits),
        pace: new MinimumBodyRate(config.limits, sendProblem),
      }),
      parts.module(registers),
    ],
  };
  const app = await NestFactory.create<NestFastifyApplication>(root, adapter, {
    logger: logs.nest(),
    bodyParser: false,
    abortOnError: false,
  });
  let draining = false;
  const { fastify } = adapter;
  adapter.aroundFrameworkError = addRequestHooks(fastify, {
    listeners,
    log: logs.for('http'),
    metrics: app.get(HttpMetrics),
    isDraining: () => draining,
    notFound: (request) => adapter.notFound(request),
  });
  try {
    await parts.configure?.(app, config);
    await app.init();
    await fastify.ready();
    assertAccessRules(app, adapter.routes);
  } catch (error) {
    await app.close().catch(() => undefined); // what providers have opened; the reason is the first error
    throw error;
  }

  let listening = false;
  let stopped: Promise<void> | undefined;
  return {
    app,
    logs,
    async listen() {
      listening = true;
      await app.listen(plan.management.port, plan.management.host);
      await listeners.openApi();
      const urls = listeners.urls();
      log.info('listening', { ...urls, management_bind: formatAddress(plan.management) });
      parts.serving?.(app);
      return urls;
    },
    reload: (fresh) => reload.run(fresh),
    stop: () => (stopped ??= stop()),
  };

  async function stop(): Promise<void> {
    draining = true;
    app.get(Readiness).stop();
    if (listening) await drain();
    if (!(await inTime(app.close(), CLOSE_MS))) log.warn('not everything was closed', { after_ms: CLOSE_MS });
    listeners.closeAll();
    log.info('stopped');
  }

  async function drain(): Promise<void> {
    await pause(DRAIN_MS);
    listeners.stopAccepting();
    await pause(SETTLE_MS);
    const sweep = setInterval(() => listeners.closeIdle(), IDLE_SWEEP_MS);
    const finished = await inTime(listeners.idle(), FINISH_MS);
    if (!finished) log.warn('requests were still running and are cut off', { after_ms: FINISH_MS });
    clearInterval(sweep);
    // Those too on which nothing came yet, or where a refused body still comes: closing the application would wait for them.
    listeners.closeAll();
  }
}

/** Whether the promise settles in time; its rejection is the caller's. */
async function inTime(promise: Promise<unknown>, milliseconds: number): Promise<boolean> {
  const timer = new AbortController();
  try {
    return await Promise.race([
      promise.then(() => true),
      pause(milliseconds, false, { signal: timer.signal, ref: false }),
    ]);
  } finally {
    timer.abort();
  }
}
