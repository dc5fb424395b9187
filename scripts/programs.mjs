/** The programs, each with the module it starts with, and what they consist of besides code. */
export const PROGRAMS = {
  cap: 'apps/cli/dist/main.js',
  'cap-verifier-api': 'apps/verifier-api/dist/main.js',
  'cap-registry': 'apps/registry/dist/main.js',
  'cap-backup-worker': 'apps/backup-worker/dist/main.js',
};
/** Programs that make or verify zero-knowledge proofs. */
export const PROVING = new Set(['cap', 'cap-verifier-api']);
/** The module their threads run. */
export const PROOF_WORKER = 'libs/proof/dist/backends/kzg-columns/worker.js';
/** Programs that write to a registry's database. */
export const WRITING = new Set(['cap', 'cap-registry', 'cap-backup-worker']);
/** The module of the thread that writes to it. */
export const REGISTRY_WRITER = 'libs/storage/dist/database/writer-thread.js';
