/**
 * A load of requests from a process of its own. Reads one job a line and answers one line: {requests, seconds, p50, p95, p99,
 * wrong}. A job is {url, headers, amount, connections} and one of
 * - {file, lengths}: `file` holds bodies one after the other, `lengths` says how long each is; they are posted in turn
 * - {file, lengths, entry}: they are uploaded to the registry at `url`, and each is registered as `entry` with its own id
 *   before its connection sends the next; a request is then the two of them
 * - {paths}: what is asked for in turn
 */
import { readFile } from 'node:fs/promises';
import { createInterface } from 'node:readline';
import autocannon from 'autocannon';

for await (const line of createInterface({ input: process.stdin })) {
  const job = JSON.parse(line);
  const { url, headers, amount, connections } = job;
  const times = [];
  const { requests, each } = await requestsOf(job, times);
  // Autocannon tells its own duration in whole samples, which are too long for runs of seconds.
  const started = performance.now();
  let ended = started;
  const running = autocannon({
    url,
    connections,
    amount: amount * each,
    headers,
    timeout: 60,
    requests,
  });
  running.on('response', (_client, _status, _bytes, milliseconds) => {
    if (each === 1) times.push(milliseconds);
    ended = performance.now();
  });
  const result = await running;
  times.sort((a, b) => a - b);
  const percentile = (share) => times[Math.min(times.length - 1, Math.floor(times.length * share))];
  process.stdout.write(
    `${JSON.stringify({
      requests: result['2xx'] / each,
      seconds: (ended - started) / 1000,
      p50: percentile(0.5),
      p95: percentile(0.95),
      p99: percentile(0.99),
      wrong: result.errors + result.non2xx,
    })}\n`,
  );
}

/** `each`: how many of them make one request of the job. Times of those that are several are put into `times`. */
async function requestsOf({ file, lengths, entry, paths }, times) {
  let next = 0;
  if (paths)
    return {
      each: 1,
      requests: [{ setupRequest: (request) => ({ ...request, method: 'GET', path: paths[next++ % paths.length] }) }],
    };
  const bytes = await readFile(file);
  let offset = 0;
  const bodies = lengths.map((length) => bytes.subarray(offset, (offset += length)));
  const body = () => bodies[next++ % bodies.length];
  if (!entry)
    return { each: 1, requests: [{ setupRequest: (request) => ({ ...request, method: 'POST', body: body() }) }] };
  const withType = (request, type) => ({ ...request.headers, 'content-type': type });
  const upload = {
    setupRequest(request, context) {
      context.started = performance.now();
      const headers = withType(request, 'application/octet-stream');
      return { ...request, method: 'PUT', path: '/v1/blobs?retain=upload', headers, body: body() };
    },
    onResponse(_status, text, context) {
      context.blob_id = JSON.parse(text).blob_id;
    },
  };
  const register = {
    setupRequest(request, { blob_id }) {
      const headers = withType(request, 'application/json');
      const named = JSON.stringify({ ...entry, bundle_id: blob_id });
      return { ...request, method: 'POST', path: '/v1/entries', headers, body: named };
    },
    onResponse: (_status, _text, { started }) => times.push(performance.now() - started),
  };
  return { each: 2, requests: [upload, register] };
}
