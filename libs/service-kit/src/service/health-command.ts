import { get } from 'node:http';
import { setTimeout as pause } from 'node:timers/promises';
import { type Address, formatAddress } from '@cap/config';
import { EXIT, type ExitCode } from '@cap/core';

const PROBE_TIMEOUT_MS = 2_500;
const WAIT_MS = 60_000;
const POLL_MS = 100;

/** An address to call for one that is bound: a wildcard is reached through loopback. */
const reachable = ({ host, port }: Address): Address => ({
  host: host === '0.0.0.0' ? '127.0.0.1' : host === '::' ? '::1' : host,
  port,
});

/** The body of /readyz when it is not 200, else null. */
function probe(address: Address): Promise<string | null> {
  return new Promise((resolve) => {
    const request = get(
      `http://${formatAddress(reachable(address))}/readyz`,
      { timeout: PROBE_TIMEOUT_MS, agent: false },
      (response) => {
        let body = '';
        response.setEncoding('utf8');
        response.on('data', (chunk: string) => (body += chunk));
        response.on('end', () => resolve(response.statusCode === 200 ? null : `HTTP ${response.statusCode} ${body}`));
        response.on('error', (error) => resolve(error.message));
      },
    );
    request.on('timeout', () => request.destroy(new Error('no answer in time')));
    request.on('error', (error) => resolve(error.message || String((error as NodeJS.ErrnoException).code)));
  });
}

/** Whether systemd has started a service (`MAINPID`, which it tells to ExecStartPost) that has ended meanwhile. */
export function hasEnded({ MAINPID }: NodeJS.ProcessEnv): boolean {
  if (!MAINPID) return false;
  try {
    process.kill(Number(MAINPID), 0);
    return false;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ESRCH';
  }
}

/**
 * `health [--wait]`: asks the running service's own /readyz; with wait, until it is ready, has ended, or 60 s have passed.
 * Returns the exit code.
 */
export async function checkHealth(
  management: Address,
  wait: boolean,
  say: (line: string) => void,
  { waitMs = WAIT_MS, environment = process.env } = {},
): Promise<ExitCode> {
  const until = Date.now() + waitMs;
  for (;;) {
    const ended = wait && hasEnded(environment);
    const missing = ended ? 'the service has ended' : await probe(management);
    if (missing === null) return EXIT.ok;
    if (ended || !wait || Date.now() >= until) {
      say(`not ready: ${missing}`);
      return EXIT.unavailable;
    }
    await pause(POLL_MS);
  }
}
