import { z } from 'zod';
import { strictBase64, type Digest } from '@cap/crypto';
import { type JsonValue, digest } from '@cap/core';
import { parseUnambiguousJson } from './json.js';
import { memberOf, type ReadResult } from './manifest.js';

const text = z.string().max(1_000);
/** A policy of that time had a handful of constraints. */
const MAX_CLAIMS = 1_000;

const mockSchema = z.object({
  manifest_hash: digest,
  policy_hash: text,
  proof_data: z.object({ checked_constraints: z.array(z.object({ name: text, ok: z.boolean() })).max(MAX_CLAIMS) }),
  status: text,
});
const simplifiedSchema = z.object({
  manifest_hash: digest,
  backend: text,
  constraint_checks: z.array(z.object({ rule: text, result: z.boolean() })).max(MAX_CLAIMS),
});

/** What the prover says of a rule. */
export interface LegacyClaim {
  name: string;
  ok: boolean;
}

/** A proof of the older program: the prover's word, under a hash that names a manifest. */
export interface LegacyProof {
  generation: 'proof.v0' | 'proof.v1';
  manifestHash: Digest;
  /** As written; a proof.v1 names none. */
  policyHash: string | null;
  backend: string;
  claims: LegacyClaim[];
  /** What the proof says of itself as a whole. */
  passed: boolean;
}

/**
 * Reads a proof.v0 (JSON in base64) or proof.v1 (plain JSON), told by content, since both go by both names. Throws
 * CapError `input` for what is neither.
 */
export function readLegacyProof(bytes: Buffer, name: string): ReadResult<LegacyProof> {
  const value = parseUnambiguousJson(unwrapped(bytes, name), name);
  const generation = generationOf(value);
  const parsed = generation === 'proof.v0' ? readMock(value) : generation === 'proof.v1' ? readSimplified(value) : null;
  if (parsed === null) return { generation: null, fault: `${name}: neither proof.v0 nor proof.v1` };
  if (parsed.success) return { generation: parsed.data.generation, value: parsed.data };
  const [issue] = parsed.error.issues;
  return { generation, fault: `${[name, ...issue!.path].join('.')}: ${issue!.message}` };
}

function unwrapped(bytes: Buffer, name: string): Buffer {
  const start = bytes.subarray(0, 64).toString('latin1').trimStart();
  return start.startsWith('{') ? bytes : strictBase64(bytes.toString('latin1').trim(), name);
}

function generationOf(value: JsonValue): LegacyProof['generation'] | null {
  const version = memberOf(value, 'version');
  if (version !== undefined) return version === 'proof.v0' || version === 'proof.v1' ? version : null;
  if (memberOf(value, 'proof_data') !== undefined) return 'proof.v0';
  return memberOf(value, 'constraint_checks') === undefined ? null : 'proof.v1';
}

const readMock = (value: JsonValue) =>
  mockSchema
    .transform(({ manifest_hash, policy_hash, proof_data: { checked_constraints: claims }, status }): LegacyProof => ({
      generation: 'proof.v0',
      manifestHash: manifest_hash,
      policyHash: policy_hash,
      backend: 'mock',
      claims,
      passed: status === 'ok',
    }))
    .safeParse(value);

const readSimplified = (value: JsonValue) =>
  simplifiedSchema
    .transform(({ manifest_hash, backend, constraint_checks }): LegacyProof => ({
      generation: 'proof.v1',
      manifestHash: manifest_hash,
      policyHash: null,
      backend,
      claims: constraint_checks.map(({ rule, result }) => ({ name: rule, ok: result })),
      passed: constraint_checks.every(({ result }) => result),
    }))
    .safeParse(value);
