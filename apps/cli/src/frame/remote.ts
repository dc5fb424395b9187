import { CapError, remoteError } from '@cap/core';
import { readInput } from './input.js';
import { readSecret } from './secret.js';
import { type CliIo } from './io.js';

export interface RemoteOptions {
  url: string;
  tokenFile?: string;
}

/** The access token: CAP_TOKEN, the file of CAP_TOKEN_FILE, or the file of --token-file. Its value is never a flag. */
export async function accessToken(io: CliIo, tokenFile?: string): Promise<string | undefined> {
  if (tokenFile === undefined) return readSecret(io, 'CAP_TOKEN');
  return (await readInput(io, tokenFile)).toString('utf8').trim() || undefined;
}

/**
 * One request to a service. An answer that is not 2xx, and no answer, become a CapError.
 * `url` is without a trailing slash, `route` begins with one.
 */
export async function request(
  { url, route, token }: { url: string; route: string; token: string | undefined },
  init: RequestInit & { duplex?: 'half' } = {},
): Promise<Response> {
  const headers = new Headers(init.headers);
  if (token !== undefined) headers.set('authorization', `Bearer ${token}`);
  let response: Response;
  try {
    response = await fetch(url + route, { ...init, headers, redirect: 'error' });
  } catch (error) {
    throw new CapError('service.unreachable', `${url} does not answer: ${innermost(error)}`, { cause: error });
  }
  if (response.ok) return response;
  const { status, statusText } = response;
  const {
    code = status < 500 ? 'request.refused' : 'service.failed',
    detail,
    title,
    request_id,
  } = await problemOf(response);
  const said = detail ?? title ?? `${init.method ?? 'GET'} ${url}${route} answered ${status} ${statusText}`;
  throw remoteError({ status, code }, request_id === undefined ? said : `${said} (request ${request_id})`);
}

interface Problem {
  code?: string;
  title?: string;
  detail?: string;
  request_id?: string;
}

async function problemOf(response: Response): Promise<Problem> {
  try {
    const body: unknown = await response.json();
    return typeof body === 'object' && body !== null ? (body as Problem) : {};
  } catch {
    return {};
  }
}

const innermost = (error: unknown): string =>
  error instanceof Error
    ? (error.cause === undefined ? error.message : innermost(error.cause)) || String(error)
    : String(error);
