import { counter, histogram, MetricSource } from '@cap/service-kit';
import { type RegistryData, type RegistryTotals } from '@cap/storage';

export const commitDuration = () =>
  histogram({
    name: 'cap_registry_commit_duration_seconds',
    help: 'Duration of one group commit, fsync included',
    buckets: [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1, 5],
  });

export const logProofFailures = () =>
  counter({
    name: 'cap_log_proof_failures_total',
    help: 'Proofs of the log that did not hold when they were checked before an answer; must be 0',
  });

export const checkpointFailures = () =>
  counter({
    name: 'cap_log_checkpoint_failures_total',
    help: 'Tries to write the newest checkpoint beside the database that failed; meanwhile a cut log would not be noticed',
  });

/** Both reasons are there from the start, so that the first broken BLOB is an increase. */
export function announceBrokenBlobs() {
  const broken = counter({
    name: 'cap_blob_read_failures_total',
    help: 'Reads of a BLOB whose bytes were gone (missing) or not those of its name (corrupt); the log names it',
    labelNames: ['reason'],
  });
  for (const reason of ['corrupt', 'missing']) broken.inc({ reason }, 0);
  return (code: string) => broken.inc({ reason: code.replace('blob.', '') });
}

/** The process's metrics tell of one registry: the one that is open. */
let shown: RegistryData | null = null;

/** Metrics that are read off the database when somebody asks. Returns what ends that. */
export function exposeTotals(data: RegistryData): () => void {
  shown = data;
  const totals = new MetricSource<RegistryTotals & { wal_bytes: number }>(
    { name: 'cap_registry_database_readable', help: '1 if the database answered for this scrape' },
    async () => shown && { ...(await shown.store.totals()), wal_bytes: await shown.store.walBytes() },
  );
  totals.counter('cap_registry_entries_total', 'Entries that were ever registered', ({ entries }) => entries);
  totals.gauge('cap_registry_log_size', 'Events in the log', ({ log_size }) => log_size);
  totals.gauge('cap_blob_bytes_total', 'Bytes of all BLOBs, uploads included', ({ blob_bytes }) => blob_bytes);
  totals.gauge(
    'cap_registry_wal_bytes',
    "Bytes of the write-ahead log beside the embedded profile's database; it grows while somebody stays in one state of it",
    ({ wal_bytes }) => wal_bytes,
  );
  return () => {
    if (shown === data) shown = null;
  };
}
