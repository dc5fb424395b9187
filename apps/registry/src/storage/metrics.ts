import { Injectable, type Provider } from '@nestjs/common';
import { makeCounterProvider, makeHistogramProvider } from '@willsoto/nestjs-prometheus';
import { MetricSource, metricsOf, type Registers } from '@cap/service-kit';
import { RegistryData, type RegistryTotals } from '@cap/storage';

export const COMMIT_DURATION = 'cap_registry_commit_duration_seconds';
export const LOG_PROOF_FAILURES = 'cap_log_proof_failures_total';
export const CHECKPOINT_FAILURES = 'cap_log_checkpoint_failures_total';
export const BROKEN_BLOBS = 'cap_blob_read_failures_total';

/** Totals read from the database at each scrape. */
@Injectable()
export class TotalsSource extends MetricSource<RegistryTotals & { wal_bytes: number }> {
  constructor({ store }: RegistryData) {
    super(async () => ({ ...(await store.totals()), wal_bytes: await store.walBytes() }));
  }
}

export function registryMetrics(registers: Registers): Provider[] {
  const totals = metricsOf(TotalsSource, registers);
  return [
    makeHistogramProvider({
      name: COMMIT_DURATION,
      help: 'Duration of one group commit, fsync included',
      buckets: [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1, 5],
      registers,
    }),
    makeCounterProvider({
      name: LOG_PROOF_FAILURES,
      help: 'Proofs of the log that did not hold when they were checked before an answer; must be 0',
      registers,
    }),
    makeCounterProvider({
      name: CHECKPOINT_FAILURES,
      help: 'Tries to write the newest checkpoint beside the database that failed; meanwhile a cut log would not be noticed',
      registers,
    }),
    makeCounterProvider({
      name: BROKEN_BLOBS,
      help: 'Reads of a BLOB whose bytes were gone (missing) or not those of its name (corrupt); the log names it',
      labelNames: ['reason'],
      registers,
    }),
    TotalsSource,
    totals.readable('cap_registry_database_readable', '1 if the database answered for this scrape'),
    totals.counter('cap_registry_entries_total', 'Entries that were ever registered', ({ entries }) => entries),
    totals.gauge('cap_registry_log_size', 'Events in the log', ({ log_size }) => log_size),
    totals.gauge('cap_blob_bytes_total', 'Bytes of all BLOBs, uploads included', ({ blob_bytes }) => blob_bytes),
    totals.gauge(
      'cap_registry_wal_bytes',
      "Bytes of the write-ahead log beside the embedded profile's database; it grows while somebody stays in one state of it",
      ({ wal_bytes }) => wal_bytes,
    ),
  ];
}
