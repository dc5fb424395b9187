import { isRemoteError } from '@cap/core';

/** Turns the error for an unknown name into null. */
export async function orNull<T>(answer: Promise<T>): Promise<T | null> {
  try {
    return await answer;
  } catch (error) {
    if (isRemoteError(error) && error.status === 404 && error.code !== 'route.unknown') return null;
    throw error;
  }
}
