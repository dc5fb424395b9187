import { CapError, jcs, parseJson, type JsonObject, type JsonValue } from '@cap/core';
import { type Report } from '@cap/verify';
import { readInput } from '../frame/input.js';
import { type CliIo } from '../frame/io.js';
import { accessToken, request } from '../frame/remote.js';
import { readSoundPolicy } from '../policy/read-policy.js';
import { isPolicyHash, type VerifyOptions } from './options.js';

/** Sends the bundle to POST /verify. The report is the service's; its bytes are JCS, so they can be made again from it. */
export async function judgeRemotely(
  io: CliIo,
  options: VerifyOptions & { url: string },
  file: string,
): Promise<{ report: Report; bytes: Buffer }> {
  const query = new URLSearchParams();
  const say = (name: string, value: string | undefined) => value !== undefined && query.set(name, value);
  if (options.policy !== undefined)
    say(
      'policy_id',
      isPolicyHash(options.policy) ? options.policy : (await readSoundPolicy(io, options.policy)).policy_hash,
    );
  if (options.backend !== 'auto') say('backend', options.backend);
  say('audience', options.audience);
  say('nonce', options.nonce);
  say('at', options.at);
  if (options.checkRegistry) say('check_registry', 'true');

  const response = await request(
    {
      url: options.url,
      route: `/verify${query.size > 0 ? `?${query}` : ''}`,
      token: await accessToken(io, options.tokenFile),
    },
    {
      method: 'POST',
      headers: { 'content-type': 'application/zip' },
      body: new Uint8Array(await readInput(io, file)),
    },
  );
  const report = reportIn(new Uint8Array(await response.arrayBuffer()));
  if (report === null)
    throw new CapError('service.unknown', `${options.url} answered, but not with a report: is it a verifier API?`);
  return { report, bytes: jcs(report) };
}

/** A report has a line for each rule of the policy. */
const MOST_MEMBERS = 1_000_000;

/** The report in the body of an answer; null if it holds none. */
function reportIn(body: Uint8Array): Report | null {
  let answer: JsonValue;
  try {
    answer = parseJson(body, 'answer', MOST_MEMBERS);
  } catch {
    return null;
  }
  const report = isObject(answer) ? answer.report : undefined;
  return isObject(report) && report.schema === 'cap-report.v2' ? (report as unknown as Report) : null;
}

const isObject = (value: JsonValue | undefined): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
