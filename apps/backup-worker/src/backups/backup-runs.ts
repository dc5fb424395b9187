import { Injectable, type OnModuleDestroy, type OnModuleInit } from '@nestjs/common';
import { ConfigService } from '@nestjs/config';
import {
  type ArchiveSigner,
  BackupTarget,
  brokenBlobs,
  type BackupListing,
  loadArchiveSigner,
  runBackup,
} from '@cap/backup';
import { type Config, VERSION } from '@cap/config';
import type { BackupMade, EventRequest, RegistryClient } from '@cap/contracts';
import { CapError, isCapError } from '@cap/core';
import { keyPassphrase, recordBeside } from '@cap/crypto/key-files';
import { type Expiry, Expiries, Logs, type ModuleLog, RegistryConnection, Reload } from '@cap/service-kit';
import { InjectMetric } from '@willsoto/nestjs-prometheus';
import type { Counter } from 'prom-client';
import { snapshotOverHttp } from '../registry/snapshot-over-http.js';

export const BACKUP_RUNS = 'cap_backup_runs_total';

/** The settings of the section `backup` that SIGHUP reloads; the listener's address stays. */
const RELOADED = (['target', 'recipients', 'signing_key', 'allow_plaintext_keys', 'retention', 'sources'] as const).map(
  (name) => `backup.${name}` as const,
);

/** How long a registry may take to copy its database before it answers. */
const SNAPSHOT_TIMEOUT_MS = 15 * 60_000;

/** At most so many broken BLOBs are logged one by one. */
const MAX_NAMED = 100;

/** Makes backups, one at a time, and reports the outcome in the registry's log, the service log and the metrics. */
@Injectable()
export class BackupRuns implements OnModuleInit, OnModuleDestroy {
  readonly #log: ModuleLog;
  readonly #stop = new AbortController();
  #running: Promise<unknown> = Promise.resolve();
  #expiries: Expiry[] = [];
  readonly #patient: RegistryClient;
  /** The section `backup` of the current configuration. */
  settings: Config['backup'];

  constructor(
    config: ConfigService<Config, true>,
    private readonly registry: RegistryConnection,
    @InjectMetric(BACKUP_RUNS) private readonly runs: Counter,
    expiries: Expiries,
    reload: Reload,
    logs: Logs,
  ) {
    // Both outcomes are there from the start, so that the first failure is an increase.
    for (const outcome of ['success', 'failure']) runs.inc({ outcome }, 0);
    expiries.add(() => this.#expiries);
    this.#log = logs.for('backup');
    this.#patient = registry.open({ timeoutMs: SNAPSHOT_TIMEOUT_MS });
    this.settings = config.get('backup', { infer: true });
    reload.add('backup settings', ({ backup }) => this.#use(backup), RELOADED);
  }

  async onModuleInit(): Promise<void> {
    await this.#use(this.settings);
  }

  /** Aborts a running backup, which leaves nothing half-written. */
  async onModuleDestroy(): Promise<void> {
    await this.stop();
  }

  async #use(settings: Config['backup']): Promise<void> {
    this.settings = settings;
    const { signing_key: file } = settings;
    // Readiness and each run report an unreadable record.
    const record = file === undefined ? null : await recordBeside(file).catch(() => null);
    this.#expiries = record ? [{ kind: 'signing-key', name: record.kid, expiresAt: new Date(record.valid_to) }] : [];
  }

  get target(): BackupTarget {
    return new BackupTarget(this.settings.target);
  }

  list(): Promise<BackupListing> {
    return this.target.listOrNone();
  }

  /** The key that signs archives, if it is valid now. CapError key.unknown, key.forbidden, key.malformed, key.passphrase. */
  async signer(): Promise<ArchiveSigner> {
    const { signing_key } = this.settings;
    if (signing_key === undefined)
      throw new CapError('config.invalid', 'backup.signing_key: no signing key is configured');
    return loadArchiveSigner(signing_key, new Date(), await keyPassphrase(process.env));
  }

  /** CapError backup.running (busy) while another one runs, here or in another process; otherwise what runBackup throws. */
  async run(): Promise<BackupMade> {
    const running = this.#attempt();
    this.#running = Promise.allSettled([this.#running, running]);
    return running;
  }

  /** Resolves once nothing runs; never rejects. */
  async idle(): Promise<void> {
    await this.#running;
  }

  /** Aborts a running backup and starts no more. Resolves once nothing runs. */
  stop(): Promise<void> {
    this.#stop.abort();
    return this.idle();
  }

  async #attempt(): Promise<BackupMade> {
    try {
      const run = await this.#once().catch((error: unknown) => {
        if (!isCapError(error) || error.code !== 'backup.blob-gone') throw error;
        // An upload expired between snapshot and fetch; the next snapshot is without it.
        this.#log.warn('an upload expired during the backup; starting over with a new snapshot', { error });
        return this.#once();
      });
      this.runs.inc({ outcome: 'success' });
      return run;
    } catch (error) {
      if (isCapError(error) && error.code === 'backup.running') {
        this.#log.warn('no backup is made: another one is under way', { error });
        throw error;
      }
      this.runs.inc({ outcome: 'failure' });
      this.#log.error('the backup failed', { error });
      throw error;
    }
  }

  async #once(): Promise<BackupMade> {
    const { signal } = this.#stop;
    const { sources, allow_plaintext_keys, recipients, retention } = this.settings;
    const signer = await this.signer();
    this.#log.info('a backup begins', { target: this.settings.target, kid: signer.kid });
    return runBackup({
      source: snapshotOverHttp({ client: this.registry.client, patient: this.#patient }, signal),
      target: this.target,
      sources,
      signer,
      allowPlaintextKeys: allow_plaintext_keys,
      recipients,
      version: VERSION,
      program: 'cap-backup-worker',
      retention,
      now: () => new Date(),
      signal,
      on: {
        cleared: (names) => this.#log.warn('leftovers of a run that was killed are removed', { names }),
        verified: (backup) => {
          const { name, size_bytes, log_size, sha3_256, incomplete } = backup;
          this.#log.info('backup made and verified', {
            archive: name,
            size_bytes,
            log_size,
            left_out: incomplete.length,
          });
          if (incomplete.length > 0)
            this.#log.warn('the backup is incomplete', {
              archive: name,
              left_out: incomplete.map(({ path, reason }) => `${path} (${reason})`),
            });
          for (const { code, blob_id } of brokenBlobs(incomplete).slice(0, MAX_NAMED))
            this.#log.error('a BLOB is broken: upload the same bytes again', { code, id: blob_id });
          const details = { archive: name, log_size, size_bytes, sha3_256, left_out: incomplete.length };
          return this.#report({ event: 'backup.completed', details });
        },
        drilled: ({ ok, faults, log_size, entries, blobs, rpo_seconds, rto_seconds }, { name }) => {
          const found = { archive: name, ok, faults: faults.length, log_size, entries, blobs };
          if (ok) this.#log.info('backup restored without a fault', { ...found, rpo_seconds, rto_seconds });
          else this.#log.error('the backup, restored, has faults', { ...found, first: faults[0] });
          const details = { ...found, rpo_seconds, rto_ms: Math.round(rto_seconds * 1000) };
          return this.#report({ event: 'backup.drill', details });
        },
        pruned: (removed) => {
          if (removed.length > 0)
            this.#log.info('backups removed by retention', { archives: removed.map(({ name }) => name) });
        },
      },
    });
  }

  /** A failure to report does not make a verified backup any worse. */
  async #report(event: EventRequest): Promise<void> {
    try {
      await this.registry.client.appendEvent(event, { signal: this.#stop.signal });
    } catch (error) {
      this.#log.error('could not report the backup to the registry', { event: event.event, error });
    }
  }
}
