import { isRemoteError } from '@cap/core';

/**
 * What the registry answers; if it does not, what `fallback` makes of that. Without a fallback, and for any other error, what
 * `ask` throws.
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
