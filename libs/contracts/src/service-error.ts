/** What a service answered instead of success, or that it did not answer (code `registry.unavailable`, status 503). */
export class ServiceError extends Error {
  constructor(
    /** HTTP status. */
    readonly status: number,
    /** Stable code of the problem body. */
    readonly code: string,
    readonly detail: string,
    /** Seconds after which a retry makes sense, if the service said so. */
    readonly retryAfter?: number,
    options?: { cause?: unknown },
  ) {
    super(`${code}: ${detail}`, options);
    this.name = 'ServiceError';
  }
}

export const isServiceError = (error: unknown): error is ServiceError => error instanceof ServiceError;

/** `missing` instead of the error that says that the named thing is not there. */
export async function orNull<T>(answer: Promise<T>): Promise<T | null> {
  try {
    return await answer;
  } catch (error) {
    if (isServiceError(error) && error.status === 404 && error.code !== 'route.unknown') return null;
    throw error;
  }
}
