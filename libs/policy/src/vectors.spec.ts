import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import type { JsonObject } from '@cap/core';
import { compilePolicy } from './compile.js';
import { parsePolicyText } from './parse.js';

/** examples/vectors/policy-*.json: documents as written, the text that is hashed, the IR, and every name they get. */
interface Vector {
  input: JsonObject;
  canonical_text: string;
  policy_id: string;
  policy_hash: string;
  ir: JsonObject;
  ir_hash: string;
}
const examples = (name: string) => readFileSync(new URL(`../../../examples/${name}`, import.meta.url));
const vectors = (name: string): Vector[] => JSON.parse(examples(`vectors/${name}.json`).toString('utf8')).vectors;
const sha3 = (text: string) => createHash('sha3-256').update(text).digest('hex');

describe.each(['policy-v1', 'policy-v2'])('%s.json', (name) => {
  it.each(vectors(name))('$policy_id', ({ input, canonical_text, policy_id, policy_hash, ir, ir_hash }) => {
    const compiled = compilePolicy(input);
    expect(compiled.canonicalText).toBe(canonical_text);
    expect([compiled.policy_id, compiled.policy_hash_text, compiled.ir_hash]).toEqual([
      policy_id,
      policy_hash,
      ir_hash,
    ]);
    expect(JSON.stringify(compiled.ir)).toBe(JSON.stringify(ir));
    // Once more with nothing of ours.
    expect(policy_hash.replace(/^(0x|sha3-256:)/, '')).toBe(sha3(canonical_text));
    expect(ir_hash).toBe(`sha3-256:${sha3(JSON.stringify({ ...ir, ir_hash: '' }))}`);
  });
});

it('the vectors are of the example policies', () => {
  const inputs = [...vectors('policy-v1'), ...vectors('policy-v2')].map(({ input }) => input);
  for (const name of ['lksg.v1.json', 'lksg.v2.yaml', 'lksg-shares.v2.yaml'])
    expect(inputs).toContainEqual(parsePolicyText(examples(`policies/${name}`), name));
});
