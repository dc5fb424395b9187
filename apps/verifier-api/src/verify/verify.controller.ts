import { Controller, HttpCode, Inject, Post, Query, Req, Res } from '@nestjs/common';
import { ApiOperation, ApiTags } from '@nestjs/swagger';
import { type FastifyReply, type FastifyRequest } from 'fastify';
import { type Config } from '@cap/config';
import { type CallContext, type EntryRecord, type ReceiptRecord } from '@cap/contracts';
import {
  CONFIG,
  CurrentPrincipal,
  holderOf,
  ParsesRequest,
  parseWith,
  type Principal,
  Problems,
  requireScopes,
  schemaRef,
  Scopes,
} from '@cap/service-kit';
import { verdictMetrics } from '../metrics.js';
import { IdempotentWrites } from '../idempotency/idempotent-writes.js';
import { IdempotentAnswer, MoreScopes, WritesRegistry } from '../openapi/decorators.js';
import { RegistryConnection } from '../registry/connection.js';
import { verdictAnswer } from './answers.js';
import { type AskedBundle, bundleLimits, contextBundle, sentBundle, storedBundle } from './bundles.js';
import { Judge, type Judged } from './judge.js';
import { type Asked, verifyQuery, verifyRequest } from './schemas.js';
import { z } from 'zod';

const NO_QUERY = z.strictObject({});

@ApiTags('verify')
@Controller()
export class VerifyController {
  readonly #metrics = verdictMetrics();

  constructor(
    @Inject(CONFIG) private readonly config: Config,
    @Inject(Judge) private readonly judge: Judge,
    @Inject(RegistryConnection) private readonly registry: RegistryConnection,
    @Inject(IdempotentWrites) private readonly writes: IdempotentWrites,
  ) {}

  @Post('verify')
  @HttpCode(200)
  @Scopes('verify:read')
  @MoreScopes({ when: 'register is true', scopes: ['registry:write'] })
  @ParsesRequest()
  @ApiOperation({
    summary: 'Judge a bundle',
    description:
      '200 whatever the verdict, which is about the rows that the company committed to, not about their truth. The bundle is sent as a zip with the options in the query, or named or enclosed in JSON with the options there. ' +
      'Idempotency-Key counts with `register` only.',
    requestBody: {
      required: true,
      content: {
        'application/json': { schema: schemaRef(verifyRequest) },
        'application/zip': { schema: { type: 'string', format: 'binary' } },
      },
    },
  })
  @IdempotentAnswer({ description: 'The verdict, check by check', standardSchema: verdictAnswer })
  @WritesRegistry()
  @Problems('bundle.unreadable', 'bundle.limit', 'bundle.unknown', 'bundle.erased')
  @Problems('policy.unknown', 'policy.invalid', 'option.unsupported', 'option.invalid', 'timeout')
  async verify(
    @Query({ schema: verifyQuery }) query: unknown,
    @Req() request: FastifyRequest,
    @CurrentPrincipal() principal: Principal,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<Buffer> {
    const { bundle, asked } = Buffer.isBuffer(request.body) ? this.#sent(request.body, query) : this.#named(request);
    if (asked.options.register) {
      requireScopes(principal, 'registry:write');
      const register = async () => ({ body: await this.#verdict(bundle, asked, request) });
      return this.writes.answer(request, reply, principal, () => request.bodyDigest, register);
    }
    reply.header('content-type', 'application/json; charset=utf-8');
    return this.#verdict(bundle, asked, request);
  }

  async #verdict(bundle: AskedBundle, asked: Asked, request: FastifyRequest): Promise<Buffer> {
    const started = performance.now();
    const context = { requestId: request.id };
    const judged = await this.judge.judge(bundle, asked, holderOf(request), context);
    const answer = asked.options.register ? await this.#registered(bundle, judged, context) : judged.answer;
    const { result } = judged.verification;
    request.result = result;
    this.#metrics.verdict(result, (performance.now() - started) / 1000);
    return answer;
  }

  #sent(bytes: Buffer, query: unknown): { bundle: AskedBundle; asked: Asked } {
    const { policy_id: policyId, backend = 'auto', ...options } = parseWith(verifyQuery, query, 'query');
    const bundle = sentBundle(bytes, bundleLimits(this.config), this.registry.client);
    return { bundle, asked: { policyId, policy: undefined, backend, options } };
  }

  #named(request: FastifyRequest): { bundle: AskedBundle; asked: Asked } {
    const { body, query } = request;
    parseWith(NO_QUERY, query, 'query');
    const {
      bundle_id,
      context,
      policy_id: policyId,
      policy,
      backend = 'auto',
      options,
    } = parseWith(verifyRequest, body, 'body');
    const hold = (bytes: number) => request.holdBytes(bytes);
    const bundle = context
      ? contextBundle(context)
      : storedBundle(bundle_id!, bundleLimits(this.config), this.registry.client, hold);
    return { bundle, asked: { policyId, policy: policy as Asked['policy'], backend, options } };
  }

  /** The entry is durable before the answer; the same verdict on the same bundle is registered once. */
  async #registered(bundle: AskedBundle, { verification, answer }: Judged, context: CallContext): Promise<Buffer> {
    await bundle.store(context);
    const { entry, receipt } = await this.registry.client.registerEntry(
      {
        bundle_id: bundle.id()!,
        manifest_hash: verification.manifestHash,
        proof_hash: verification.proofHash,
        policy_hash: verification.policyHash,
        result: verification.result,
        report_hash: verification.reportHash,
        signer_kid: verification.signerKid,
        company: verification.company,
      },
      context,
    );
    return withEntry(answer, entry, receipt);
  }
}

const withEntry = (answer: Buffer, { entry_id, log_index }: EntryRecord, receipt: ReceiptRecord): Buffer => {
  const tail = JSON.stringify({ entry_id, log_index, receipt }).slice(1);
  return Buffer.concat([answer.subarray(0, -1), Buffer.from(`,${tail}`)]);
};
