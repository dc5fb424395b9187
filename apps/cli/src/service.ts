import { Transport } from '@cap/contracts';
import { readInput, readSecret } from './input.js';
import type { CliIo } from './io.js';

/** Where a service is, and with whose token it is called. */
export interface ServiceAddress {
  /** Without a trailing slash. */
  url: string;
  tokenFile?: string | undefined;
}

/** As long as fetch would wait for an answer: a verification may take its time. */
const TIMEOUT_MS = 300_000;

/** What every call to a service is made with: of a verifier API, a registry or a backup worker. */
export async function connection(
  io: CliIo,
  { url, tokenFile }: ServiceAddress,
): Promise<{ url: string; token: string | undefined }> {
  return { url, token: await accessToken(io, tokenFile) };
}

/** Calls a service and closes the connections. `timeoutMs` 0 waits for as long as it takes. */
export async function withService<T>(
  io: CliIo,
  address: ServiceAddress,
  call: (service: Transport) => Promise<T>,
  { timeoutMs = TIMEOUT_MS } = {},
): Promise<T> {
  const service = new Transport({ ...(await connection(io, address)), timeoutMs });
  try {
    return await call(service);
  } finally {
    await service.close();
  }
}

/** The access token: CAP_TOKEN, the file of CAP_TOKEN_FILE, or the file of --token-file. Its value is never a flag. */
async function accessToken(io: CliIo, tokenFile: string | undefined): Promise<string | undefined> {
  if (tokenFile === undefined) return readSecret(io, 'CAP_TOKEN');
  return (await readInput(io, tokenFile)).toString('utf8').trim() || undefined;
}
