import { isRemoteError } from '@cap/core';

/** Null instead of the error that says that the named thing is not there. */
export async function orNull<T>(answer: Promise<T>): Promise<T | null> {
  try {
    return await answer;
  } catch (error) {
    if (isRemoteError(error) && error.status === 404 && error.code !== 'route.unknown') return null;
    throw error;
  }
}
