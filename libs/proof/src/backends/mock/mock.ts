import { z } from 'zod';
import { digest } from '@cap/core';
import type { Digest } from '@cap/crypto';
import type { BackendVerdict, ProofBackend, ProofContext } from '../backend.js';
import { fault, OK } from '../outcome.js';
import { bindingOutcome, readPayload, unreadable } from '../payload.js';

/** The payload of a mock proof, JCS: the prover's word for each rule, and nothing that supports it. */
export interface MockPayload {
  schema: 'cap-mock.v1';
  statement_digest: Digest;
  claims: { rule_id: string; ok: boolean }[];
}

const mockPayloadSchema: z.ZodType<MockPayload> = z.strictObject({
  schema: z.literal('cap-mock.v1'),
  statement_digest: digest,
  claims: z.array(z.strictObject({ rule_id: z.string().min(1), ok: z.boolean() })),
});

const ZEROS = { vkHash: Buffer.alloc(32), paramsHash: Buffer.alloc(32) };

/** Claims that the rules hold. For trying things out: its verdict is at best a warning. */
export const mock = {
  name: 'mock',
  id: 0,
  strength: 'claimed',
  schemes: ['kzg-columns.v1', 'merkle-blake3.v3'],
  verifyingKey: (_context: ProofContext) => ZEROS,

  async verify(context: ProofContext, payload: Uint8Array) {
    return verifyMock(context, payload);
  },
} satisfies ProofBackend;

function verifyMock(context: ProofContext, bytes: Uint8Array): BackendVerdict {
  let payload: MockPayload;
  try {
    payload = readPayload(bytes, mockPayloadSchema);
  } catch (error) {
    return { ...unreadable('mock', context, error), facts: [] };
  }
  const binding = bindingOutcome('mock', context, payload.statement_digest);
  if (!binding.ok) return { binding, validity: binding, facts: [] };
  const ids = payload.claims.map(({ rule_id }) => rule_id);
  const twice = ids.find((id, i) => ids.indexOf(id) !== i);
  if (twice !== undefined)
    return { binding, validity: fault(`several claims about the rule ${twice}`, 'one claim', 'several'), facts: [] };
  return { binding, validity: OK, facts: [], claims: payload.claims };
}
