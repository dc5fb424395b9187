import { Injectable, type Provider } from '@nestjs/common';
import { InjectMetric, makeCounterProvider, makeHistogramProvider } from '@willsoto/nestjs-prometheus';
import type { Counter, Histogram } from 'prom-client';
import type { Registers } from './registers.js';

const REQUESTS = 'cap_http_requests_total';
const DURATION = 'cap_http_request_duration_seconds';
const SECONDS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30];
/** Tokens that were refused, by the guard or because they are larger than a head may be. */
export const TOKEN_FAILURES = 'cap_auth_token_validation_failures_total';

/** Counts what the listeners answered. */
@Injectable()
export class HttpMetrics {
  constructor(
    @InjectMetric(REQUESTS) private readonly requests: Counter,
    @InjectMetric(DURATION) private readonly durations: Histogram,
    @InjectMetric(TOKEN_FAILURES) private readonly tokenFailures: Counter,
  ) {}

  /**
   * Counts a finished request. `route` is the template (`/policy/:id`), never the path; unmatched requests share one. What never
   * became a request has no duration.
   */
  count(method: string, route: string, status: number, milliseconds: number | undefined): void {
    this.requests.inc({ method, route, status: String(status) });
    if (milliseconds !== undefined) this.durations.observe({ route }, milliseconds / 1000);
  }

  countTokenFailure(): void {
    this.tokenFailures.inc();
  }
}

export const httpMetrics = (registers: Registers): Provider[] => [
  makeCounterProvider({
    name: REQUESTS,
    help: 'HTTP requests by method, route template and status',
    labelNames: ['method', 'route', 'status'],
    registers,
  }),
  makeHistogramProvider({
    name: DURATION,
    help: 'Duration of HTTP requests by route template',
    labelNames: ['route'],
    buckets: SECONDS,
    registers,
  }),
  makeCounterProvider({ name: TOKEN_FAILURES, help: 'Tokens that were refused', registers }),
  HttpMetrics,
];
