import { counter, histogram } from './metric.js';

const SECONDS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30];

/**
 * Counts a finished request. `route` is the template (`/policy/:id`), never the path; unmatched requests share one. What never
 * became a request has no duration.
 */
export type CountRequest = (method: string, route: string, status: number, milliseconds: number | undefined) => void;

export function httpMetrics(): CountRequest {
  const requests = counter({
    name: 'cap_http_requests_total',
    help: 'HTTP requests by method, route template and status',
    labelNames: ['method', 'route', 'status'],
  });
  const durations = histogram({
    name: 'cap_http_request_duration_seconds',
    help: 'Duration of HTTP requests by route template',
    labelNames: ['route'],
    buckets: SECONDS,
  });
  return (method, route, status, milliseconds) => {
    requests.inc({ method, route, status: String(status) });
    if (milliseconds !== undefined) durations.observe({ route }, milliseconds / 1000);
  };
}
