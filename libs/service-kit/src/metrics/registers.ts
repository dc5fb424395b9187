import type { PrometheusContentType, Registry } from 'prom-client';

/**
 * Where a service's metrics are: a registry of its own and not prom-client's global one, so that services that share a process, as
 * in tests, share no metrics. Each `make…Provider({ …, registers })` needs it.
 */
export type Registers = [Registry<PrometheusContentType>];
