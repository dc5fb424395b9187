export * from './errors.js';
export * from './hash.js';
export * from './json.js';
export * from './durable.js';
export * from './keys.js';
export * from './dsse.js';
export * from './merkle.js';
export * from './events.js';
