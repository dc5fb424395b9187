import { CapError, jcs, parseJson, type JsonObject, type JsonValue } from '@cap/core';
import type { Report } from '@cap/verify';
import { readInput } from '../input.js';
import type { CliIo } from '../io.js';
import { readSoundPolicy } from '../policy/policy-file.js';
import { withService } from '../service.js';
import type { PolicyOption, VerifyOptions } from './options.js';

/** Sends the bundle to POST /verify. The report is the service's; its bytes are JCS, so they can be reproduced from it. */
export async function verifyRemotely(
  io: CliIo,
  options: VerifyOptions & { url: string },
  file: string,
): Promise<{ report: Report; bytes: Buffer }> {
  const { policy, backend, audience, nonce, at, checkRegistry } = options;
  const query = {
    policy_id: policy && (await policyHash(io, policy)),
    backend: backend === 'auto' ? undefined : backend?.join(','),
    audience,
    nonce,
    at,
    check_registry: checkRegistry ? 'true' : undefined,
  };
  const bundle = await readInput(io, file);
  const answer = await withService(io, options, async (service) => {
    const headers = { 'content-type': 'application/zip' };
    const { body } = await service.send({
      method: 'POST',
      path: '/verify',
      query,
      headers,
      body: bundle,
      idempotent: false,
    });
    return new Uint8Array(await body.arrayBuffer());
  });
  const report = reportIn(answer);
  if (report === null)
    throw new CapError('service.unknown', `${options.url} answered without a report: is it a verifier API?`);
  return { report, bytes: jcs(report) };
}

const policyHash = async (io: CliIo, policy: PolicyOption): Promise<string> =>
  'hash' in policy ? policy.hash : (await readSoundPolicy(io, policy.file)).policy_hash;

/** A report has a line for each rule of the policy. */
const MAX_MEMBERS = 1_000_000;

/** The report in the body of an answer; null if it holds none. */
function reportIn(body: Uint8Array): Report | null {
  let answer: JsonValue;
  try {
    answer = parseJson(body, 'answer', MAX_MEMBERS);
  } catch {
    return null;
  }
  const report = isObject(answer) ? answer.report : undefined;
  return isReport(report) ? report : null;
}

const isObject = (value: JsonValue | undefined): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** The schema names the shape; the service is trusted with the rest. */
const isReport = (value: unknown): value is Report & JsonObject =>
  typeof value === 'object' && value !== null && 'schema' in value && value.schema === 'cap-report.v2';
