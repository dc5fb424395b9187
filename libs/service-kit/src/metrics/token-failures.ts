import { type Counter } from 'prom-client';
import { counter } from './metric.js';

/** Tokens that were refused, by the guard or because they are larger than a head may be. */
export const tokenFailures = (): Counter =>
  counter({ name: 'cap_auth_token_validation_failures_total', help: 'Tokens that were refused' });
