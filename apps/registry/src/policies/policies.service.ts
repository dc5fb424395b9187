import { Injectable } from '@nestjs/common';
import type {
  Page,
  PageRequest,
  PolicyRecord,
  PolicyRequest,
  PolicyStatus,
  PolicyStored,
  PolicySummary,
} from '@cap/contracts';
import { CapError, type JsonObject } from '@cap/core';
import { compilePolicy, lintErrors } from '@cap/policy';
import { RegistryData, type StoredPolicy } from '@cap/storage';

@Injectable()
export class PoliciesService {
  constructor(private readonly data: RegistryData) {}

  /** Compiles the policy and stores the text that the hash covers, so that it can be checked against its hash at any time. */
  async store({ document, status = 'active' }: PolicyRequest): Promise<PolicyStored> {
    // Lint strictness is the caller's choice; what is an error in either mode is refused here too.
    const compiled = compilePolicy(document, { lintMode: 'relaxed' });
    const errors = lintErrors(compiled.lints);
    if (errors.length > 0)
      throw new CapError('policy.invalid', `the policy has ${errors.length} lint errors`, { details: errors });
    const { record, created } = await this.data.store.storePolicy({
      policy_id: compiled.policy_id,
      format: compiled.format,
      id: compiled.id,
      version: compiled.version,
      policy_hash: compiled.policy_hash,
      document: compiled.canonicalText,
      status,
    });
    return { policy: toRecord(record), created };
  }

  async list(
    page: PageRequest,
    filter: { status?: PolicyStatus | undefined; id?: string | undefined },
  ): Promise<Page<PolicySummary>> {
    const { items, next_cursor } = await this.data.store.listPolicies(page, filter);
    return { items: items.map(toSummary), next_cursor };
  }

  async find(ref: string): Promise<PolicyRecord> {
    return toRecord(await this.#stored(ref));
  }

  async setStatus(ref: string, status: PolicyStatus): Promise<PolicyRecord> {
    const { policy_hash } = await this.#stored(ref);
    return toRecord(await this.data.store.setPolicyStatus(policy_hash, status));
  }

  async #stored(ref: string): Promise<StoredPolicy> {
    const policy = await this.data.store.findPolicy(ref);
    if (!policy) throw new CapError('policy.unknown', `no policy ${ref.slice(0, 200)}`);
    return policy;
  }
}

const toSummary = ({ document: _text, ...summary }: StoredPolicy): PolicySummary => summary;
const toRecord = (policy: StoredPolicy): PolicyRecord => ({
  ...toSummary(policy),
  document: JSON.parse(policy.document) as JsonObject,
});
