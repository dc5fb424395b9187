/**
 * A load of POST requests from a process of its own. Reads one job a line, {url, headers, file, lengths, amount,
 * connections}: `file` holds bodies one after the other, `lengths` says how long each is; they are sent in turn. Answers one
 * line: {requests, seconds, p50, p95, p99, wrong}.
 */
import { readFile } from 'node:fs/promises';
import { createInterface } from 'node:readline';
import autocannon from 'autocannon';

for await (const line of createInterface({ input: process.stdin })) {
  const { url, headers, file, lengths, amount, connections } = JSON.parse(line);
  const bytes = await readFile(file);
  let offset = 0;
  const bodies = lengths.map((length) => bytes.subarray(offset, (offset += length)));
  let next = 0;
  const setupRequest = (request) => ({ ...request, body: bodies[next++ % bodies.length] });
  const times = [];
  // Autocannon tells its own duration in whole samples, which are too long for runs of seconds.
  const started = performance.now();
  let ended = started;
  const running = autocannon({
    url,
    connections,
    amount,
    method: 'POST',
    headers,
    timeout: 60,
    requests: [{ setupRequest }],
  });
  running.on('response', (_client, _status, _bytes, milliseconds) => {
    times.push(milliseconds);
    ended = performance.now();
  });
  const result = await running;
  times.sort((a, b) => a - b);
  const percentile = (share) => times[Math.min(times.length - 1, Math.floor(times.length * share))];
  process.stdout.write(
    `${JSON.stringify({
      requests: result['2xx'],
      seconds: (ended - started) / 1000,
      p50: percentile(0.5),
      p95: percentile(0.95),
      p99: percentile(0.99),
      wrong: result.errors + result.non2xx,
    })}\n`,
  );
}
