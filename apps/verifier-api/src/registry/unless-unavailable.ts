import { isRemoteError } from '@cap/core';

/**
 * The registry's answer, or, if it is unavailable, the result of `fallback`. Without a fallback, and for any other error, rethrows
 * what `ask` threw.
 */
export async function unlessUnavailable<T, U>(
  ask: () => Promise<T>,
  fallback: ((failure: Error) => U) | undefined,
): Promise<T | U> {
  try {
    return await ask();
  } catch (error) {
    if (!fallback || !isRemoteError(error) || error.code !== 'registry.unavailable') throw error;
    return fallback(error);
  }
}
