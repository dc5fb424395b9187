/**
 * `node load.mjs URL CA TOKEN BUNDLE STOP`: sends requests to the verifier API, three at a time (one subject's share of the
 * uploads in the shipped configurations), each on its own connection, until the file STOP exists. Prints how often each request
 * got which status, as JSON: {"POST /verify": {"200": 41}, …}; a request without an answer counts under its error.
 */
import { existsSync, readFileSync } from 'node:fs';
import https from 'node:https';

const AT_ONCE = 3;
const LONGEST_MS = 120_000;
const ANSWER_MS = 30_000;

const [url, ca, token, bundleFile, stop] = process.argv.slice(2);
const agent = new https.Agent({ ca: readFileSync(ca), keepAlive: false });
const authorization = `Bearer ${readFileSync(token, 'utf8').trim()}`;
const bundle = readFileSync(bundleFile);
const boundary = 'cap-load-boundary';
const form = Buffer.concat([
  Buffer.from(
    `--${boundary}\r\nContent-Disposition: form-data; name="file"; filename="bundle.zip"\r\nContent-Type: application/zip\r\n\r\n`,
  ),
  bundle,
  Buffer.from(`\r\n--${boundary}--\r\n`),
]);

/** Returns {status, body}; status is the code of the error if there was no answer. */
function ask(method, path, type, body) {
  return new Promise((resolve) => {
    const headers = { authorization, ...(type ? { 'content-type': type } : {}) };
    const request = https.request(url + path, { method, agent, headers, timeout: ANSWER_MS }, (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (chunk) => (text += chunk));
      response.on('error', (error) => resolve({ status: error.code }));
      response.on('end', () => resolve({ status: response.complete ? response.statusCode : 'cut', body: text }));
    });
    request.on('timeout', () => request.destroy(Object.assign(new Error('late'), { code: 'late' })));
    request.on('error', (error) => resolve({ status: error.code }));
    request.end(body);
  });
}

const counts = {};
let bundleId;
async function count(method, path, type, body) {
  const answer = await ask(method, path, type, body);
  const of = (counts[`${method} ${path}`] ??= {});
  of[answer.status] = (of[answer.status] ?? 0) + 1;
  return answer;
}

const deadline = Date.now() + LONGEST_MS;
const isOver = () => existsSync(stop) || Date.now() > deadline;
const upload = async () => {
  const { status, body } = await count('POST', '/proof/upload', `multipart/form-data; boundary=${boundary}`, form);
  if (status === 200 || status === 201) bundleId = JSON.parse(body).bundle_id;
};
await upload();
async function one() {
  while (!isOver()) {
    await count('GET', '/healthz');
    await count('POST', '/verify', 'application/json', JSON.stringify({ bundle_id: bundleId }));
    await count('GET', '/registry/entries');
    await upload();
  }
}
await Promise.all(Array.from({ length: AT_ONCE }, one));
process.stdout.write(`${JSON.stringify(counts)}\n`);
