import { Injectable } from '@nestjs/common';
import type { CallContext, Page, PolicyQuery, PolicyRecord, PolicyStatus, PolicySummary } from '@cap/contracts';
import { CapError, type JsonValue } from '@cap/core';
import { type CompiledPolicy, compilePolicy, lintErrors, parsePolicyText } from '@cap/policy';
import { RegistryConnection } from '@cap/service-kit';
import { compiledOf } from './known-policies.js';
import type { CompiledV1, CompiledV2, CompileV2Request, PolicyV2 } from './schemas.js';

@Injectable()
export class PolicyService {
  constructor(private readonly registry: RegistryConnection) {}

  /** Compiles and stores a v1 policy. */
  async compileV1(document: JsonValue, context: CallContext): Promise<CompiledV1> {
    const compiled = compilePolicy(document);
    expectFormat(compiled, 'v1', 'body: expected a v1 policy; POST /policy/v2/compile takes v2');
    await this.#store(compiled, context);
    const { policy_id, policy_hash, metadata } = compiled;
    return { policy_id, policy_hash, metadata, status: 'compiled' };
  }

  /** Compiles a v2 policy, and stores it if that was asked for and no lint is an error. */
  async compileV2(
    { policy, policy_yaml, lint_mode, persist }: CompileV2Request,
    context: CallContext,
  ): Promise<{ valid: boolean; answer: CompiledV2 }> {
    const document =
      policy_yaml === undefined ? policy! : parsePolicyText(Buffer.from(policy_yaml, 'base64'), 'policy_yaml');
    const compiled = compilePolicy(document, { lintMode: lint_mode });
    expectFormat(compiled, 'v2', 'policy: expected a v2 policy; POST /policy/compile takes v1');
    const valid = lintErrors(compiled.lints).length === 0;
    if (valid && persist) await this.#store(compiled, context);
    const { policy_id, policy_hash_text: policy_hash, ir, ir_hash, lints } = compiled;
    return {
      valid,
      answer: { policy_id, policy_hash, ir, ir_hash, lints, stored: valid && persist, etag: etagOf(compiled) },
    };
  }

  list(query: PolicyQuery, context: CallContext): Promise<Page<PolicySummary>> {
    return this.registry.client.listPolicies(query, context);
  }

  async find(ref: string, context: CallContext): Promise<PolicyRecord> {
    const record = await this.registry.client.findPolicy(ref, context);
    if (!record) throw unknown(ref);
    return record;
  }

  /** The tag names the content. Only an active policy has one: the status can change while the content stays. */
  async findV2(ref: string, context: CallContext): Promise<{ etag: string | null; body: PolicyV2 }> {
    const record = await this.find(ref, context);
    if (record.format !== 'v2') throw unknown(ref);
    const compiled = compiledOf(record);
    const { policy_id, policy_hash_text: policy_hash, document: policy, ir, ir_hash } = compiled;
    return {
      etag: record.status === 'active' ? etagOf(compiled) : null,
      body: { policy_id, policy_hash, status: record.status, created_at: record.created_at, policy, ir, ir_hash },
    };
  }

  setStatus(ref: string, status: PolicyStatus, context: CallContext): Promise<PolicyRecord> {
    return this.registry.client.setPolicyStatus(ref, status, context);
  }

  async #store({ document }: CompiledPolicy, context: CallContext): Promise<void> {
    await this.registry.client.storePolicy({ document }, context);
  }
}

const etagOf = ({ policy_hash_text }: CompiledPolicy): string => `"${policy_hash_text}"`;
const unknown = (ref: string) => new CapError('policy.unknown', `There is no policy ${ref.slice(0, 200)}.`);

function expectFormat({ format }: CompiledPolicy, expected: CompiledPolicy['format'], why: string): void {
  if (format !== expected) throw new CapError('policy.invalid', why);
}
