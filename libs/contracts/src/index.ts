/**
 * The internal HTTP APIs of the registry and the backup worker: the schemas of what goes over the wire, and the registry's typed
 * client. Start reading in registry-client.ts; a schema's `meta({ id })` is its name in the OpenAPI documents.
 */
export { count, jsonObject, jsonValue, PATH_PART_LENGTH, pathPart, plainText } from './scalars.js';
export { type ClientName, type Scope } from './access.js';
export { problem, type Problem, PROBLEM_MEDIA_TYPE } from './problem.js';
export { type Page, PAGE_LIMIT, pageQuery, type PageRequest } from './page.js';
export {
  policyPage,
  policyQuery,
  type PolicyQuery,
  policyRecord,
  type PolicyRecord,
  policyRequest,
  type PolicyRequest,
  policyStatus,
  type PolicyStatus,
  policyStatusRequest,
  type PolicyStatusRequest,
  policyStored,
  type PolicyStored,
  type PolicySummary,
} from './policies.js';
export {
  listPage,
  listQuery,
  type ListQuery,
  listRecord,
  type ListRecord,
  listRequest,
  type ListRequest,
  listStored,
  type ListStored,
  listWithdrawal,
  type ListWithdrawal,
} from './lists.js';
export { blobPage, blobPutQuery, blobRecord, type BlobRecord } from './blobs.js';
export {
  type EntryFilter,
  entryPage,
  entryQuery,
  type EntryQuery,
  entryRecord,
  type EntryRecord,
  entryRequest,
  type EntryRequest,
  entryStored,
  type EntryStored,
  verdict,
} from './entries.js';
export {
  EVENT_REPORTERS,
  eventPage,
  type EventPage,
  eventQuery,
  eventRecord,
  type EventRecord,
  eventRequest,
  type EventRequest,
} from './events.js';
export {
  collectionResult,
  type CollectionResult,
  collectRequest,
  type CollectRequest,
  eraseRequest,
  type ErasureReason,
  erasureRecord,
  type ErasureRecord,
  heldEntries,
  type HeldEntries,
  holdRequest,
  retentionRequest,
  type RetentionRequest,
  retentionResult,
  type RetentionResult,
} from './operations.js';
export {
  answerQuery,
  keyRequest,
  type KeyRequest,
  keyState,
  type KeyState,
  leaseRequest,
  type LeaseRequest,
  releaseQuery,
  type StoredAnswer,
} from './idempotency.js';
export {
  checkpointRecord,
  type CheckpointRecord,
  consistencyQuery,
  consistencyRecord,
  type ConsistencyRecord,
  inclusionQuery,
  receipt,
  type ReceiptRecord,
} from './log.js';
export { snapshotRecord, type SnapshotRecord } from './snapshots.js';
export { registryStatus, type RegistryStatus } from './status.js';
export {
  backupList,
  backupMade,
  type BackupMade,
  type BackupRecord,
  type Drill,
  type Omission,
  type RegistryFault,
} from './backups.js';
export { orNull } from './or-null.js';
export { type CallContext, Transport, type TransportOptions } from './transport.js';
export { type ByteRange, type Download, RegistryClient } from './registry-client.js';
