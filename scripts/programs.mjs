/** The programs, each with the module that it starts with, and what beside code they are made of. */
export const PROGRAMS = {
  cap: 'apps/cli/dist/main.js',
  'cap-verifier-api': 'apps/verifier-api/dist/main.js',
  'cap-registry': 'apps/registry/dist/main.js',
  'cap-backup-worker': 'apps/backup-worker/dist/main.js',
};
/** Programs that make or judge zero-knowledge proofs. */
export const PROVING = new Set(['cap', 'cap-verifier-api']);
/** What their threads run. */
export const PROOF_WORKER = 'libs/proof/dist/backends/kzg-columns/worker.js';
/** Programs that write a registry's database. */
export const WRITING = new Set(['cap', 'cap-registry', 'cap-backup-worker']);
/** What the thread runs that writes it. */
export const REGISTRY_WRITER = 'libs/storage/dist/database/writer-thread.js';
