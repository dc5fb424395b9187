import type { z } from 'zod';
import { isRemoteError } from '@cap/core';
import type { CliIo } from '../io.js';
import { type ServiceAddress, withService } from '../service.js';

/** Posts to a route of the verifier API, or to the same one of the registry if that is what answers. Returns the answer. */
export function postToVerifierOrRegistry<Schema extends z.ZodType>(
  io: CliIo,
  address: ServiceAddress,
  { route, json, answer }: { route: string; json: object; answer: Schema },
): Promise<z.output<Schema>> {
  return withService(io, address, async (service) => {
    const post = (path: string) => service.json(answer, { method: 'POST', path, json, idempotent: true });
    try {
      return await post(route);
    } catch (error) {
      if (!isRemoteError(error) || error.code !== 'route.unknown') throw error;
      return post(`/v1${route}`);
    }
  });
}
