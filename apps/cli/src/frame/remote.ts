import { EXIT, exitOfHttpStatus } from './exit-codes.js';
import { RemoteError } from './failure.js';
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
 * One request to a service. An answer that is not 2xx, and no answer, become a RemoteError with its exit code.
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
    throw new RemoteError(EXIT.unavailable, `${url} does not answer: ${innermost(error)}`);
  }
  if (response.ok) return response;
  const problem = await problemOf(response);
  const words = [problem.code, problem.detail ?? problem.title].filter(Boolean).join(': ');
  const requestId = problem.request_id ? ` (request ${problem.request_id})` : '';
  throw new RemoteError(
    exitOfHttpStatus(response.status, problem.code),
    `${init.method ?? 'GET'} ${url}${route}: ${response.status} ${words || response.statusText}${requestId}`,
    problem.code,
  );
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
