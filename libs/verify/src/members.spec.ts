import { expect, it } from '@jest/globals';
import { z } from 'zod';
import { isCapError } from '@cap/core';
import { readPayload } from '../../proof/src/backends/payload.js';
import { parseManifest } from '@cap/proof/manifest';
import { parseMetaJson } from '@cap/proof/bundle';
import { parseTrustStore } from './trust/trust-store.js';

const many = (count: number) => Buffer.from(`{"a":[${Array(count).fill('1').join()}]}`);
const refusal = (action: () => unknown): [string, string] => {
  try {
    action();
  } catch (error) {
    if (isCapError(error)) return [error.code, error.message];
    throw error;
  }
  throw new Error('nothing was thrown');
};

it.each([
  ['_meta.json', 'bundle.limit', () => parseMetaJson(many(150_000))],
  ['the manifest', 'manifest.schema', () => parseManifest(many(150_000))],
  ['a payload', 'json.limit', () => readPayload(many(1_500_000), z.json() as never)],
  ['trust.json', 'trust.invalid', () => parseTrustStore(many(1_500_000))],
])('%s of too many members is refused before anything is made of them', (_name, code, read) => {
  const [found, message] = refusal(read);
  expect([found, message]).toEqual([code, expect.stringMatching(/more than \d+ members/)]);
});
