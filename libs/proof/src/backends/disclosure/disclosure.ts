import type { BackendVerdict, ProofBackend, ProofContext, VerifyingOptions } from '../backend.js';
import { factsOf } from '../opened-rows.js';
import { checkDisclosure, type CheckedDisclosure } from './verify.js';

/** Payloads up to this size are verified on the calling thread: that takes some milliseconds, and handing them over as long. */
const WORTH_A_THREAD = 65_536;

const ZEROS = { vkHash: Buffer.alloc(32), paramsHash: Buffer.alloc(32) };

/** Proves by opening rows of the merkle-blake3.v3 commitments. */
export const disclosure = {
  name: 'disclosure',
  id: 3,
  strength: 'disclosed',
  schemes: ['merkle-blake3.v3'],
  verifyingKey: (_context: ProofContext) => ZEROS,

  async verify(context: ProofContext, payload: Uint8Array, { pool }: VerifyingOptions = {}) {
    const { manifest, manifestHash, policyHash, statement } = context;
    const checked =
      pool && payload.length > WORTH_A_THREAD
        ? await pool.run({ kind: 'disclosure', context: { manifest, manifestHash, policyHash, statement }, payload })
        : checkDisclosure(context, payload);
    return disclosureVerdict(checked, context);
  },
} satisfies ProofBackend;

/** The verdict on what was checked, with the facts that it shows. */
export const disclosureVerdict = (
  { binding, validity, lists }: CheckedDisclosure,
  context: ProofContext,
): BackendVerdict => ({
  binding,
  validity: binding.ok ? validity : binding, // one object, also after it came from another thread
  facts: lists.flatMap((opened) => factsOf(opened, context)),
});
