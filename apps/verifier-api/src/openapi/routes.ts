import {
  entryPage,
  entryQuery,
  entryRecord,
  checkpointRecord,
  consistencyQuery,
  consistencyRecord,
  listPage,
  listQuery,
  listRecord,
  listRequest,
  listStored,
  policyPage,
  policyQuery,
  policyRecord,
  receipt,
} from '@cap/contracts';
import { z } from 'zod';
import { IDEMPOTENCY_KEY, idempotencyKey } from '../idempotency/idempotency-key.js';
import { listHash } from '../lists/schemas.js';
import {
  compiledV1,
  compiledV2,
  compileV2Request,
  policyRef,
  policyV1,
  policyV2,
  statusRequest,
} from '../policy/schemas.js';
import { entryId, noQuery, publicInclusionQuery } from '../registry/schemas.js';
import { uploaded, uploadForm } from '../upload/schemas.js';
import { verdictAnswer } from '../verify/answers.js';
import { verifyQuery, verifyRequest } from '../verify/schemas.js';
import { health, readiness } from './operation-schemas.js';
import { type Answer, KEYED, READS, type Route, WRITES } from './route.js';

const JSON_TYPE = 'application/json';
const HTML = 'text/html';
const CSV = 'text/csv';
const READ = ['verify:read'];
const POLICY = ['policy:write'];

const key = { [IDEMPOTENCY_KEY]: idempotencyKey };
const ifNoneMatch = { 'if-none-match': z.string().meta({ description: 'ETags that the caller has, or *' }) };
const json = (schema: z.ZodType, description = 'Done', headers?: Answer['headers']): Answer => ({
  description,
  content: { [JSON_TYPE]: schema },
  ...(headers && { headers }),
});
const written = (schema: z.ZodType, description: string) =>
  json(schema, description, {
    'idempotency-replayed': 'true if this is the kept answer to an earlier request with the same key',
  });
const tagged = { etag: 'Changes when the answer does' };
const notModified: Answer = { description: 'The caller has this version', headers: tagged };

/** Every route of the public API, its documentation and its operation; the document and the tests follow from this table. */
export const ROUTES: readonly Route[] = [
  {
    method: 'post',
    path: '/verify',
    group: 'verify',
    summary: 'Judge a bundle',
    description:
      '200 whatever the verdict, which is about the rows that the company committed to, not about their truth. The bundle is sent as a zip with the options in the query, or named or enclosed in JSON with the options there. ' +
      'Idempotency-Key counts with `register` only.',
    scopes: READ,
    moreScopes: { when: 'register is true', scopes: ['registry:write'] },
    headers: key,
    query: verifyQuery,
    body: { [JSON_TYPE]: verifyRequest, 'application/zip': z.file() },
    answers: { 200: written(verdictAnswer, 'The verdict, check by check') },
    problems: [
      ...WRITES,
      ...KEYED,
      'bundle.unreadable',
      'bundle.limit',
      'bundle.unknown',
      'bundle.erased',
      'policy.unknown',
      'policy.invalid',
      'option.unsupported',
      'option.invalid',
      'timeout',
    ],
  },
  {
    method: 'post',
    path: '/proof/upload',
    group: 'verify',
    summary: 'Upload a bundle',
    description: 'The container is checked, the content is not judged. Kept for 24 h unless it is registered.',
    scopes: READ,
    headers: key,
    body: { 'multipart/form-data': uploadForm },
    answers: { 200: written(uploaded, 'What is in the bundle') },
    problems: [...WRITES, ...KEYED, 'bundle.unreadable', 'bundle.limit', 'bundle.erased', 'rate.limited'],
  },
  {
    method: 'post',
    path: '/policy/compile',
    group: 'policies',
    summary: 'Compile and store a policy v1',
    description: 'The same content has the same id. A new one starts `active`.',
    scopes: POLICY,
    headers: key,
    body: { [JSON_TYPE]: policyV1 },
    answers: { 200: written(compiledV1, 'Stored') },
    problems: [...WRITES, ...KEYED, 'policy.invalid', 'policy.conflict'],
  },
  {
    method: 'post',
    path: '/policy/v2/compile',
    group: 'policies',
    summary: 'Compile a policy v2, and store it if asked to',
    description: 'Idempotency-Key counts with `persist` only.',
    scopes: READ,
    moreScopes: { when: 'persist is true', scopes: POLICY, instead: true },
    headers: key,
    body: { [JSON_TYPE]: compileV2Request },
    answers: {
      200: written(compiledV2, 'Compiled'),
      422: json(compiledV2, 'Compiled, and a lint is an error: nothing is stored'),
    },
    problems: [...WRITES, ...KEYED, 'policy.invalid', 'policy.conflict'],
  },
  {
    method: 'get',
    path: '/policy',
    group: 'policies',
    summary: 'List policies',
    scopes: READ,
    query: policyQuery,
    answers: { 200: json(policyPage, 'A page') },
    problems: READS,
  },
  {
    method: 'get',
    path: '/policy/:id',
    group: 'policies',
    summary: 'One policy of either format',
    description: 'Only an active one has an ETag: the status can change while the content stays.',
    scopes: READ,
    params: { id: policyRef },
    headers: ifNoneMatch,
    answers: { 200: json(policyRecord, 'The policy', tagged), 304: notModified },
    problems: [...READS, 'policy.unknown'],
  },
  {
    method: 'get',
    path: '/policy/v2/:id',
    group: 'policies',
    summary: 'One policy v2 with its IR',
    description: 'Only an active one has an ETag: the status can change while the content stays.',
    scopes: READ,
    params: { id: policyRef },
    headers: ifNoneMatch,
    answers: { 200: json(policyV2, 'The policy', tagged), 304: notModified },
    problems: [...READS, 'policy.unknown'],
  },
  {
    method: 'put',
    path: '/policy/:id/status',
    group: 'policies',
    summary: 'Set the status of a policy',
    scopes: POLICY,
    params: { id: policyRef },
    body: { [JSON_TYPE]: statusRequest },
    answers: { 200: json(policyRecord, 'The policy as it is now') },
    problems: [...WRITES, 'policy.unknown'],
  },
  {
    method: 'post',
    path: '/lists',
    group: 'lists',
    summary: 'Publish a reference list',
    description: 'Every bad row is named in `errors`.',
    scopes: POLICY,
    headers: key,
    body: { [JSON_TYPE]: listRequest },
    answers: { 200: written(listStored, 'Stored') },
    problems: [...WRITES, ...KEYED, 'list.conflict', 'list.empty'],
  },
  {
    method: 'get',
    path: '/lists',
    group: 'lists',
    summary: 'List reference lists',
    scopes: READ,
    query: listQuery,
    answers: { 200: json(listPage, 'A page') },
    problems: READS,
  },
  {
    method: 'get',
    path: '/lists/:hash',
    group: 'lists',
    summary: 'One reference list: its record, or the CSV for a caller that accepts text/csv',
    scopes: READ,
    params: { hash: listHash },
    headers: { ...ifNoneMatch, accept: z.string().meta({ description: 'text/csv for the file itself' }) },
    answers: {
      200: {
        description: 'The record, or the file as it was published',
        content: { [JSON_TYPE]: listRecord, [CSV]: z.string() },
        headers: tagged,
      },
      304: notModified,
    },
    problems: [...READS, 'list.unknown'],
  },
  {
    method: 'get',
    path: '/registry/entries',
    group: 'registry',
    summary: 'List entries, oldest first',
    scopes: READ,
    query: entryQuery,
    answers: { 200: json(entryPage, 'A page') },
    problems: READS,
  },
  {
    method: 'get',
    path: '/registry/entries/:id',
    group: 'registry',
    summary: 'One entry',
    scopes: READ,
    params: { id: entryId },
    headers: ifNoneMatch,
    answers: { 200: json(entryRecord, 'The entry', tagged), 304: notModified },
    problems: [...READS, 'entry.unknown'],
  },
  {
    method: 'get',
    path: '/registry/checkpoint',
    group: 'registry',
    summary: 'What the log signs now: size and root of its tree',
    scopes: READ,
    query: noQuery,
    headers: ifNoneMatch,
    answers: { 200: json(checkpointRecord, 'The checkpoint', tagged), 304: notModified },
    problems: READS,
  },
  {
    method: 'get',
    path: '/registry/proof/inclusion',
    group: 'registry',
    summary: 'The receipt of an entry (entry_id), or of any event of the log (log_index)',
    scopes: READ,
    query: publicInclusionQuery,
    answers: { 200: json(receipt, 'The receipt') },
    problems: [...READS, 'entry.unknown'],
  },
  {
    method: 'get',
    path: '/registry/proof/consistency',
    group: 'registry',
    summary: 'That the log of `from` events is the beginning of that of `to`',
    scopes: READ,
    query: consistencyQuery,
    answers: { 200: json(consistencyRecord, 'The proof, with the checkpoint of the newer log') },
    problems: READS,
  },
  {
    method: 'get',
    path: '/openapi.json',
    group: 'documentation',
    summary: 'This document',
    scopes: null,
    answers: { 200: json(z.looseObject({}), 'OpenAPI 3.1') },
  },
  {
    method: 'get',
    path: '/docs',
    group: 'documentation',
    summary: 'This document as a page to read',
    scopes: null,
    answers: { 200: { description: 'HTML', content: { [HTML]: z.string() } } },
  },
  {
    method: 'get',
    path: '/healthz',
    group: 'operation',
    summary: 'Whether the process runs',
    scopes: null,
    answers: { 200: json(health, 'It runs') },
  },
  {
    method: 'get',
    path: '/readyz',
    group: 'operation',
    summary: 'Whether everything is there that the service needs',
    description: 'On the management listener only.',
    scopes: null,
    answers: { 200: json(readiness, 'Ready'), 503: json(readiness, 'Not ready: `missing` names what is not there') },
  },
  {
    method: 'get',
    path: '/readyz/serving',
    group: 'operation',
    summary: 'Whether requests are to be sent here',
    description:
      'For load balancers, on the management listener only. As `/readyz`, but a registry that was reached once since the start may be away: bundles are judged on by what the trust store and the caches know, and what needs the registry is answered 503.',
    scopes: null,
    answers: {
      200: json(readiness, 'It serves: `missing` names what is away all the same'),
      503: json(readiness, 'It does not serve: `missing` names what is not there'),
    },
  },
  {
    method: 'get',
    path: '/metrics',
    group: 'operation',
    summary: 'Metrics for Prometheus',
    description: 'On the management listener only.',
    scopes: null,
    answers: { 200: { description: 'Text exposition format', content: { 'text/plain': z.string() } } },
  },
];
