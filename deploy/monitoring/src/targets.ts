/** What rules and boards assume of whoever scrapes; docs/monitoring.md says it to those who bring their own Prometheus. */

/** The value of the label `job` of each service's targets. */
export const JOBS = ['cap-verifier', 'cap-registry', 'cap-backup'] as const;
export type Job = (typeof JOBS)[number];

/** Labels that every series has from its target. `environment` may be missing where there is only one. */
export const TARGET_LABELS = ['environment', 'job', 'instance'] as const;

/**
 * Routes of the public API that need a token: what the objective is about. Health, metrics and documents are answered by a
 * service that does no work, and what strangers ask for is `unmatched`; both would only dilute the failures.
 */
export const PUBLIC_ROUTES = [
  '/verify',
  '/proof/upload',
  '/policy',
  '/policy/compile',
  '/policy/v2/compile',
  '/policy/v2/:id',
  '/policy/:id',
  '/policy/:id/status',
  '/lists',
  '/lists/:hash',
  '/lists/:hash/withdraw',
  '/registry/entries',
  '/registry/entries/:id',
  '/registry/checkpoint',
  '/registry/proof/inclusion',
  '/registry/proof/consistency',
] as const;

/** The matcher of a selector for these routes: they have one of four beginnings, which `route` of nothing else has. */
export const PUBLIC_ROUTE_MATCHER = 'route=~"/(verify|proof|policy|lists|registry)(/.*)?"';
