import { randomBytes } from 'node:crypto';
import type { CompiledPolicy } from '@cap/policy';
import { rowLeaf } from '../../commitment/merkle-blake3.js';
import { buildManifest, type ColumnsCommitment, type Manifest } from '../../manifest/manifest.js';
import { proving, type Proving, type Scenario } from '../proving.fixture.js';
import { columnLayout, commitColumns } from './commitment.js';
import { scheduler } from './columns.fixture.js';
import { SEED_BYTES } from './columns.js';

/** As proving(), with kzg-columns.v1 commitments instead of the Merkle ones. */
export async function provingColumns(policy: CompiledPolicy, scenario: Scenario = {}): Promise<Proving> {
  const made = proving(policy, scenario);
  const seed = randomBytes(SEED_BYTES);
  const commitments: ColumnsCommitment[] = [];
  for (const { list, rows, secrets } of made.lists) {
    const { id_scheme } = made.context.manifest.commitments.find((commitment) => commitment.list === list)!;
    const leaves = rows.map((row, i) => rowLeaf(list, row, secrets.leaves[i]!));
    commitments.push(
      await commitColumns(list, id_scheme, columnLayout(list, rows, leaves, id_scheme, seed), scheduler),
    );
  }
  return {
    context: withCommitments(made.context, commitments),
    lists: made.lists.map((list) => ({ ...list, columnsSeed: seed })),
  };
}

/** The context with a manifest that has these commitments. */
export function withCommitments(context: Proving['context'], commitments: Manifest['commitments']): Proving['context'] {
  const { manifest } = context;
  const built = buildManifest({
    manifestId: manifest.manifest_id,
    company: manifest.company,
    createdAt: manifest.created_at,
    asOf: manifest.as_of,
    policy: context.policy,
    commitments,
    referenceLists: manifest.reference_lists,
    audit: manifest.audit,
  });
  return { ...context, manifest: built.manifest, manifestHash: built.hash };
}
