import { counter, gauge, histogram } from '@cap/service-kit';
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

/** The process's metrics tell of one data directory: the one that is open. */
let shown: RegistryData | null = null;

/** Metrics that are read off the database when somebody asks. Returns what ends that. */
export function exposeTotals(data: RegistryData): () => void {
  shown = data;
  const when = async (use: (totals: RegistryTotals) => void) => {
    if (shown) use(await shown.store.totals());
  };
  const entries = counter({
    name: 'cap_registry_entries_total',
    help: 'Entries that were ever registered',
    collect: () =>
      when((totals) => {
        entries.reset();
        entries.inc(totals.entries);
      }),
  });
  const size = gauge({
    name: 'cap_registry_log_size',
    help: 'Events in the log',
    collect: () => when((totals) => size.set(totals.log_size)),
  });
  const bytes = gauge({
    name: 'cap_blob_bytes_total',
    help: 'Bytes of all BLOBs, uploads included',
    collect: () => when((totals) => bytes.set(totals.blob_bytes)),
  });
  return () => {
    if (shown === data) shown = null;
  };
}
