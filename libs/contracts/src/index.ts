/** The internal HTTP API of the registry: schemas of what goes over the wire, and the typed client. */
export * from './scalars.js';
export * from './problem.js';
export * from './backups.js';
export * from './page.js';
export * from './policies.js';
export * from './lists.js';
export * from './blobs.js';
export * from './entries.js';
export * from './events.js';
export * from './operations.js';
export * from './idempotency.js';
export * from './log.js';
export * from './snapshots.js';
export * from './status.js';
export * from './or-null.js';
export { Transport, type CallContext, type TransportOptions } from './transport.js';
export * from './registry-client.js';
