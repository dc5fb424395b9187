/**
 * Every code that an error may carry, and what a program or a service makes of it. There is no second table: HTTP statuses,
 * exit codes, Retry-After, the OpenAPI document and the tables of docs/api.md and docs/cli.md come from here, and a code that
 * is not here does not compile. Codes are a contract: they are added, not renamed. ADR 0020 says why.
 *
 * A kind says whose problem an error is, and gives its codes their numbers; a row has a number of its own only where a contract
 * fixes another one.
 */

/** Exit codes of sysexits.h; 0, 1 and 2 are the verdicts of `cap verify`, and 1 is never an error. */
export const EXIT = {
  ok: 0,
  /** Verdict `warn`, or lints that are only warnings. */
  warn: 1,
  /** Verdict `fail`, or a check that found a fault. */
  fault: 2,
  usage: 64,
  input: 65,
  missing: 66,
  unavailable: 69,
  internal: 70,
  cannotCreate: 73,
  io: 74,
  busy: 75,
  forbidden: 77,
  config: 78,
} as const;
export type ExitCode = (typeof EXIT)[keyof typeof EXIT];

interface Kind {
  /** Status of an HTTP answer. A 500 does not expose its code and message: clients get `internal`. */
  readonly http: number;
  /** Exit code of a command that fails. */
  readonly exit: ExitCode;
  /**
   * Exit code of a service that ends, where its supervisor needs another one: systemd starts a service again (75), but not after
   * 64 or 78, because retrying wouldn't help.
   */
  readonly serviceExit?: ExitCode;
}

const KINDS = {
  /** The caller's data is malformed. */
  input: { http: 400, exit: EXIT.input },
  /** A named file or record does not exist. */
  missing: { http: 404, exit: EXIT.missing },
  /** It can be read, but a check found a fault. To a service that starts: a database of a newer version, for example. */
  refused: { http: 422, exit: EXIT.fault, serviceExit: EXIT.config },
  /** The command was used wrongly, or an option is not implemented. */
  usage: { http: 422, exit: EXIT.usage },
  /** It contradicts what is stored. */
  conflict: { http: 409, exit: EXIT.input, serviceExit: EXIT.busy },
  /** Somebody else is using it, or there is too much to do at once: try again. */
  busy: { http: 503, exit: EXIT.busy },
  /** The caller, or the mode of a file, does not allow it. */
  forbidden: { http: 403, exit: EXIT.forbidden },
  /** Reading or writing failed. */
  io: { http: 500, exit: EXIT.io },
  /** An output can't be made at its place. */
  'cannot-create': { http: 500, exit: EXIT.cannotCreate },
  /** Another service does not answer. */
  unavailable: { http: 503, exit: EXIT.unavailable },
  /** The configuration is wrong. */
  config: { http: 500, exit: EXIT.config },
  /** A bug or a failure of this program. */
  internal: { http: 500, exit: EXIT.internal },
} as const satisfies Record<string, Kind>;
export type ErrorKind = keyof typeof KINDS;

interface Row extends Partial<Kind> {
  readonly kind: ErrorKind;
  /** Seconds after which a caller may try again, for a code that always says so. */
  readonly retryAfter?: number;
  /** Promised to callers of the verifier API: docs/api.md has it, with its status, an example and what to do. */
  readonly api?: true;
}

export const CODES = {
  // Requests and answers
  'auth.missing': { kind: 'forbidden', http: 401, api: true },
  'auth.invalid': { kind: 'forbidden', http: 401, api: true },
  'auth.scope': { kind: 'forbidden', api: true },
  'auth.unavailable': { kind: 'unavailable', retryAfter: 5, api: true },
  'request.schema': { kind: 'input', api: true },
  'request.limit': { kind: 'input', api: true },
  'request.too-large': { kind: 'input', http: 413, api: true },
  'request.media-type': { kind: 'input', http: 415, api: true },
  'request.not-acceptable': { kind: 'input', http: 406, api: true },
  /** A range of bytes outside the BLOB. */
  'request.range': { kind: 'input', http: 416 },
  /** A service answered 4xx without a problem body. */
  'request.refused': { kind: 'input' },
  'route.unknown': { kind: 'missing', exit: EXIT.input, api: true },
  'method.not-allowed': { kind: 'input', http: 405, api: true },
  'idempotency.mismatch': { kind: 'conflict', http: 422, api: true },
  'idempotency.in-flight': { kind: 'conflict', exit: EXIT.busy, retryAfter: 1, api: true },
  'rate.limited': { kind: 'busy', http: 429, retryAfter: 1, api: true },
  overloaded: { kind: 'busy', retryAfter: 1, api: true },
  'registry.unavailable': { kind: 'unavailable', retryAfter: 5, api: true },
  timeout: { kind: 'unavailable', http: 504, api: true },
  internal: { kind: 'internal', api: true },
  /** Nothing answers at the address of a service. */
  'service.unreachable': { kind: 'unavailable' },
  /** What answers there is not the service that was expected. */
  'service.unknown': { kind: 'unavailable' },
  /** Another service answered with a code that this version does not know; the error's `remote` has it. */
  'service.failed': { kind: 'unavailable' },

  // Commands and their options
  usage: { kind: 'usage' },
  'verb.unsupported': { kind: 'usage' },
  'option.unsupported': { kind: 'usage', api: true },
  'option.invalid': { kind: 'usage' },
  'option.columns': { kind: 'usage' },
  'option.contradiction': { kind: 'usage' },
  'option.day': { kind: 'usage' },
  'option.hash': { kind: 'usage' },
  'option.id-scheme': { kind: 'usage' },
  'option.key': { kind: 'usage' },
  'option.missing': { kind: 'usage' },
  'option.recipient': { kind: 'usage' },
  'option.signer': { kind: 'usage' },
  'option.stdin': { kind: 'usage' },
  'environment.malformed': { kind: 'usage' },
  'erase.unconfirmed': { kind: 'usage' },
  'config.invalid': { kind: 'config' },

  // Files and text
  'file.missing': { kind: 'missing' },
  'file.forbidden': { kind: 'forbidden' },
  'file.directory': { kind: 'input' },
  /** A FIFO, a device, or a directory, where a regular file was expected. */
  'file.irregular': { kind: 'input' },
  'file.limit': { kind: 'input' },
  'file.malformed': { kind: 'input' },
  'file.unreadable': { kind: 'io' },
  'output.exists': { kind: 'cannot-create' },
  'output.refused': { kind: 'cannot-create' },
  'output.failed': { kind: 'io' },
  'base64.malformed': { kind: 'input' },
  'json.malformed': { kind: 'input' },
  'json.limit': { kind: 'input' },
  'json.uncanonical': { kind: 'input' },
  'text.malformed': { kind: 'input' },

  // Keys, signatures, trust
  'key.forbidden': { kind: 'forbidden' },
  'key.malformed': { kind: 'input' },
  'key.owner': { kind: 'usage' },
  'key.passphrase': { kind: 'input' },
  'key.revoked': { kind: 'input' },
  'key.unknown': { kind: 'missing' },
  'key.usage': { kind: 'usage' },
  'dsse.malformed': { kind: 'input' },
  'identity.malformed': { kind: 'input' },
  'identity.refused': { kind: 'forbidden' },
  'issuer.malformed': { kind: 'input' },
  'trust.invalid': { kind: 'input' },
  'trust.signature': { kind: 'input' },

  // Reference lists, the company's lists, policies
  'list.empty': { kind: 'input', http: 422, api: true },
  'list.invalid': { kind: 'input' },
  'list.unnamed': { kind: 'input' },
  'list.options': { kind: 'usage' },
  /** More rows would be left out than the caller allows. */
  'list.loss': { kind: 'refused' },
  'list.unknown': { kind: 'missing', exit: EXIT.input, api: true },
  'list.conflict': { kind: 'conflict', api: true },
  'policy.hash': { kind: 'input' },
  'policy.invalid': { kind: 'input', http: 422, api: true },
  'policy.unknown': { kind: 'missing', exit: EXIT.input, api: true },
  'policy.conflict': { kind: 'conflict', api: true },

  // Bundles, manifests, proofs
  'bundle.unreadable': { kind: 'input', api: true },
  'bundle.limit': { kind: 'input', http: 413, api: true },
  'bundle.unknown': { kind: 'missing', exit: EXIT.input, api: true },
  'bundle.erased': { kind: 'conflict', api: true },
  /** It is under legal hold. */
  'bundle.held': { kind: 'conflict' },
  /** Other entries name it too. */
  'bundle.shared': { kind: 'conflict' },
  'bundle.missing': { kind: 'missing' },
  'legacy.format': { kind: 'input' },
  'meta.schema': { kind: 'input' },
  'meta.units': { kind: 'input' },
  'manifest.canonical': { kind: 'input' },
  'manifest.schema': { kind: 'input' },
  'commitment.secrets': { kind: 'input' },
  'ceremony.wrong': { kind: 'config' },
  'proof.container': { kind: 'input' },
  'proof.payload': { kind: 'input' },
  /** The backend does not prove what is asked. */
  'proof.backend': { kind: 'usage' },
  /** A proof of a backend that this version does not have. */
  'proof.unsupported': { kind: 'input' },
  /** Rows or salts don't match the manifest. */
  'proof.other-lists': { kind: 'input' },
  'proof.stale': { kind: 'input' },
  'proof.false-statement': { kind: 'refused' },
  'proof.unprovable': { kind: 'refused' },
  'sample.rows': { kind: 'usage' },
  'statement.malformed': { kind: 'usage' },

  // The prover's project
  'project.exists': { kind: 'cannot-create' },
  'project.occupied': { kind: 'cannot-create' },
  'project.incomplete': { kind: 'missing' },
  'project.malformed': { kind: 'input' },
  'project.secrets': { kind: 'usage' },
  'audit.malformed': { kind: 'input' },
  'audit.broken': { kind: 'input' },
  /** `audit export` found the log broken. */
  'audit.fault': { kind: 'refused' },
  'export.fault': { kind: 'refused' },
  'export.too-large': { kind: 'input' },

  // The transparency log: its formats, what a check of them finds, and the registry's own
  'checkpoint.malformed': { kind: 'input' },
  'checkpoint.missing': { kind: 'missing' },
  'checkpoint.origin': { kind: 'input' },
  'checkpoint.signature': { kind: 'refused' },
  'checkpoint.log-unknown': { kind: 'refused' },
  'checkpoint.witnesses': { kind: 'refused' },
  'consistency.malformed': { kind: 'input' },
  'consistency.origin': { kind: 'refused' },
  'consistency.size': { kind: 'refused' },
  'consistency.fork': { kind: 'refused' },
  'consistency.proof': { kind: 'refused' },
  'cosign.previous': { kind: 'refused' },
  'note.malformed': { kind: 'input' },
  'note.time': { kind: 'input' },
  'receipt.malformed': { kind: 'input' },
  'receipt.tree-size': { kind: 'refused' },
  'receipt.inclusion': { kind: 'refused' },
  'receipt.leaf': { kind: 'refused' },
  'tlog-proof.malformed': { kind: 'input' },
  'witness.busy': { kind: 'busy' },
  'witness.state': { kind: 'input' },
  'log.range': { kind: 'input' },
  'log.key': { kind: 'config' },
  'log.unsigned': { kind: 'config' },
  'log.changed': { kind: 'io' },
  'log.checkpoint': { kind: 'io' },
  'log.cut': { kind: 'io' },
  'log.epoch': { kind: 'io' },
  'log.hash-missing': { kind: 'io' },
  'log.inclusion': { kind: 'io' },

  // The registry and its storage
  'entry.unknown': { kind: 'missing', exit: EXIT.input, api: true },
  'blob.corrupt': { kind: 'io' },
  'blob.missing': { kind: 'io' },
  'migrate.not-empty': { kind: 'refused' },
  'registry.legacy': { kind: 'input' },
  'snapshot.busy': { kind: 'busy' },
  'snapshot.unknown': { kind: 'missing' },
  'storage.bucket': { kind: 'io' },
  'storage.denied': { kind: 'io' },
  'storage.failed': { kind: 'io' },
  'storage.full': { kind: 'io', http: 507, api: true },
  /** Another process has the data directory. */
  'storage.owned': { kind: 'busy' },
  'storage.read-only': { kind: 'refused' },
  'storage.unavailable': { kind: 'unavailable' },
  'storage.unreachable': { kind: 'unavailable' },
  /** A database of a newer version. */
  'storage.version': { kind: 'refused' },

  // Backups
  'backup.blob': { kind: 'io' },
  /** A BLOB of the snapshot expired before it was fetched. */
  'backup.blob-gone': { kind: 'io' },
  /** The registry has lost BLOBs: the archive holds the rest. */
  'backup.blobs-lost': { kind: 'refused' },
  'backup.changed': { kind: 'refused' },
  'backup.drill': { kind: 'refused' },
  'backup.encryption': { kind: 'config' },
  'backup.hash': { kind: 'refused' },
  'backup.link': { kind: 'refused' },
  'backup.manifest': { kind: 'refused' },
  'backup.missing': { kind: 'refused' },
  'backup.path': { kind: 'refused' },
  'backup.readback': { kind: 'io' },
  'backup.running': { kind: 'busy' },
  'backup.sidecar': { kind: 'refused' },
  'backup.signature': { kind: 'refused' },
  'backup.signer': { kind: 'refused' },
  'backup.size': { kind: 'io' },
  'backup.source': { kind: 'config' },
  'backup.target': { kind: 'cannot-create' },
  'backup.trailing': { kind: 'refused' },
  'backup.unlisted': { kind: 'refused' },
  'backup.unreadable': { kind: 'refused' },
  'backup.version': { kind: 'refused' },
  /** The directory to restore to can't be used. */
  'restore.place': { kind: 'cannot-create' },
} as const satisfies Record<string, Row>;
export type ErrorCode = keyof typeof CODES;

const rows: Readonly<Record<ErrorCode, Row>> = CODES;

/** A code may come from a newer service. */
export const isErrorCode = (code: string): code is ErrorCode => Object.hasOwn(CODES, code);
export const ERROR_CODES: readonly ErrorCode[] = Object.keys(CODES).filter(isErrorCode);

export const kindOf = (code: ErrorCode): ErrorKind => rows[code].kind;
export const statusOf = (code: ErrorCode): number => rows[code].http ?? KINDS[rows[code].kind].http;
export const retryAfterOf = (code: ErrorCode): number | undefined => rows[code].retryAfter;

/** What a command ends with. */
export const exitOf = (code: ErrorCode): ExitCode => rows[code].exit ?? KINDS[rows[code].kind].exit;

/** What a service ends with. */
export function serviceExitOf(code: ErrorCode): ExitCode {
  const kind: Kind = KINDS[rows[code].kind];
  return rows[code].serviceExit ?? kind.serviceExit ?? exitOf(code);
}

/**
 * What a command ends with after an HTTP answer that is not 2xx: who may not, is 77; what may work later, is 75; what the caller
 * sent wrongly, is 65, an unknown id included; a service that does not work, is 69. `code` is the one of the problem body.
 */
export function exitOfHttpStatus(status: number, code?: string): ExitCode {
  if (status === 401 || status === 403) return EXIT.forbidden;
  if (status === 429 || status === 503) return EXIT.busy;
  if (code !== undefined && isErrorCode(code) && exitOf(code) === EXIT.busy) return EXIT.busy;
  return status >= 400 && status < 500 ? EXIT.input : EXIT.unavailable;
}

/** Codes that are promised to callers of the verifier API. */
export type ApiErrorCode = { [C in ErrorCode]: (typeof CODES)[C] extends { api: true } ? C : never }[ErrorCode];
export const isApiCode = (code: string): code is ApiErrorCode => isErrorCode(code) && rows[code].api === true;
export const API_CODES: readonly ApiErrorCode[] = ERROR_CODES.filter(isApiCode);
