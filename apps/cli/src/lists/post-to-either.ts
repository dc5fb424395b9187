import { isRemoteError } from '@cap/core';
import { request } from '../frame/remote.js';

/** Posts to a route of the verifier API, or to the same one of the registry if that is what answers there. Gives the answer. */
export async function postToEither(
  { url, route, token }: { url: string; route: string; token: string | undefined },
  body: object,
): Promise<unknown> {
  const init = { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) };
  const response = await request({ url, route, token }, init).catch((error: unknown) => {
    if (isRemoteError(error) && error.code === 'route.unknown')
      return request({ url, route: `/v1${route}`, token }, init);
    throw error;
  });
  return response.json();
}
