import { type DefineGroup } from './command.js';

interface Group {
  name: string;
  summary: string;
  load(): Promise<DefineGroup>;
}

/** The commands in the order of the help: prover, verifier, operator. Only the one that is called is loaded. */
export const GROUPS: readonly Group[] = [
  {
    name: 'prepare',
    summary: 'check the lists, commit to them, make the project directory',
    load: async () => (await import('../prepare/command.js')).definePrepare,
  },
  {
    name: 'inspect',
    summary: 'say what a bundle or a project shows to whoever gets it',
    load: async () => (await import('../inspect/command.js')).defineInspect,
  },
  {
    name: 'policy',
    summary: 'validate, lint, compile, show and test policies',
    load: async () => (await import('../policy/command.js')).definePolicy,
  },
  {
    name: 'manifest',
    summary: "build a project's manifest under a policy",
    load: async () => (await import('../manifest/command.js')).defineManifest,
  },
  {
    name: 'prove',
    summary: "prove the policy's rules over the committed lists",
    load: async () => (await import('../prove/command.js')).defineProve,
  },
  {
    name: 'disclose',
    summary: "open rows of the proof's commitment for an auditor's sample",
    load: async () => (await import('../disclose/command.js')).defineDisclose,
  },
  {
    name: 'bundle',
    summary: 'make, look into and check signed bundles',
    load: async () => (await import('../bundle/command.js')).defineBundle,
  },
  {
    name: 'verify',
    summary: 'judge a bundle, check by check',
    load: async () => (await import('../verify/command.js')).defineVerify,
  },
  {
    name: 'keys',
    summary: 'signing keys',
    load: async () => (await import('../keys/command.js')).defineKeys,
  },
  {
    name: 'trust',
    summary: 'whom and what a verifier trusts (trust.json)',
    load: async () => (await import('../trust/command.js')).defineTrust,
  },
  {
    name: 'lists',
    summary: 'bring in and publish reference lists',
    load: async () => (await import('../lists/command.js')).defineLists,
  },
  {
    name: 'registry',
    summary: 'look into a registry and check it',
    load: async () => (await import('../registry/command.js')).defineRegistry,
  },
  {
    name: 'blob',
    summary: 'put, get and list BLOBs of a registry',
    load: async () => (await import('../blob/command.js')).defineBlob,
  },
  {
    name: 'log',
    summary: "receipts and checkpoints of a registry's log",
    load: async () => (await import('../log/command.js')).defineLog,
  },
  {
    name: 'audit',
    summary: 'check the hash chain of an audit log',
    load: async () => (await import('../audit/command.js')).defineAudit,
  },
  {
    name: 'backup',
    summary: 'make, check, restore and list backups',
    load: async () => (await import('../backup/command.js')).defineBackup,
  },
  {
    name: 'config',
    summary: 'check and show the configuration of a service',
    load: async () => (await import('../config/command.js')).defineConfig,
  },
  {
    name: 'doctor',
    summary: 'look for what keeps a service from working',
    load: async () => (await import('../doctor/command.js')).defineDoctor,
  },
  {
    name: 'dev',
    summary: 'throw-away token issuer for development',
    load: async () => (await import('../dev/command.js')).defineDev,
  },
  {
    name: 'completion',
    summary: 'print the completion script of a shell',
    load: async () => (await import('../completion/command.js')).defineCompletion,
  },
];
