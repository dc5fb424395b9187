/**
 * Jest runs a test in a realm of its own: there an error of node:http is no `instanceof Error`, and the SDK wraps it so that it
 * takes it for no error of the network. In a program there is one realm; this makes a test see it so.
 */
import { types } from 'node:util';

Object.defineProperty(Error, Symbol.hasInstance, {
  configurable: true,
  value(this: unknown, value: unknown): boolean {
    return this === Error
      ? types.isNativeError(value)
      : Function.prototype[Symbol.hasInstance].call(this as () => void, value);
  },
});
