import type { CommandEntry } from './program.js';

/** All commands, in the order of the help: prover, verifier, operator. A verb's module is loaded only when it is called. */
export const COMMANDS: readonly CommandEntry[] = [
  {
    name: 'prepare',
    summary: 'check the lists, commit to them, create the project directory',
    load: () => import('./prepare/prepare.js'),
  },
  {
    name: 'inspect',
    summary: 'show what a bundle or a project reveals to whoever gets it',
    load: () => import('./inspect/inspect.js'),
  },
  {
    name: 'policy',
    summary: 'validate, lint, compile, show and test policies (v1 and v2, JSON or YAML)',
    examples: [
      'cap policy lint policy.yaml',
      'cap policy compile policy.yaml --out policy.ir.json',
      'cap policy test policy.yaml cases.yaml',
    ],
    verbs: [
      {
        name: 'validate',
        summary: 'check that a file is a policy; print its id and hash (exit 65 if it is not)',
        load: () => import('./policy/validate.js'),
      },
      { name: 'lint', summary: 'exit 0 clean, 1 warnings, 2 errors', load: () => import('./policy/lint.js') },
      {
        name: 'compile',
        summary: 'compile to IR; exit 2 and nothing written if a lint is an error',
        load: () => import('./policy/compile.js'),
      },
      { name: 'show', summary: 'show what the policy requires, rule by rule', load: () => import('./policy/show.js') },
      {
        name: 'test',
        summary: "run a policy's test cases; exit 2 if one fails",
        load: () => import('./policy/test.js'),
      },
    ],
  },
  {
    name: 'manifest',
    summary: "build a project's manifest for a policy",
    examples: ['cap manifest build --project project --policy policy.json --sanctions sanctions.csv@2025-11-01'],
    verbs: [
      {
        name: 'build',
        summary: "write the project's manifest.json, which names policy, commitments and reference lists",
        load: () => import('./manifest/build.js'),
      },
    ],
  },
  {
    name: 'prove',
    summary: "prove the policy's rules over the committed lists",
    load: () => import('./prove/prove.js'),
  },
  {
    name: 'disclose',
    summary: 'open single rows for an auditor (a sample)',
    load: () => import('./disclose/disclose.js'),
  },
  {
    name: 'bundle',
    summary: 'create, inspect and verify signed bundles (cap-bundle.v3)',
    examples: [
      'cap bundle create --project project --key 5f0c… --out bundle.zip',
      'cap bundle inspect bundle.zip',
      'cap bundle verify bundle.zip --trust trust.json',
    ],
    verbs: [
      {
        name: 'create',
        summary: 'pack manifest and proof and sign them; print the bundle id',
        load: () => import('./bundle/create.js'),
      },
      {
        name: 'inspect',
        summary: 'show what is in a bundle, without verifying it',
        load: () => import('./bundle/inspect.js'),
      },
      {
        name: 'verify',
        summary: 'check container, hashes, manifest and signature (up to signer.validity), but not proof and rules',
        load: () => import('./bundle/verify.js'),
      },
    ],
  },
  {
    name: 'verify',
    summary: 'verify a bundle, check by check: exit 0 ok, 1 warn, 2 fail',
    load: () => import('./verify/verify.js'),
  },
  {
    name: 'keys',
    summary: 'create and show signing keys (Ed25519, cap-key.v2)',
    examples: [
      'cap keys generate --project project --owner "ACME Compliance"',
      'cap keys list --project project',
      'cap keys show 5f0c… --keys /var/lib/cap-verifier/keys',
    ],
    verbs: [
      {
        name: 'generate',
        summary: 'create a key: <kid>.key (mode 0600), <kid>.pub, <kid>.json',
        load: () => import('./keys/generate.js'),
      },
      { name: 'list', summary: 'list the keys', load: () => import('./keys/list.js') },
      { name: 'show', summary: 'show one key: record and public key', load: () => import('./keys/show.js') },
      {
        name: 'jwk-to-pem',
        summary: "convert a public key of a token issuer's JWK or JWKS to PEM, for oauth.public_key_path",
        load: () => import('./keys/jwk-to-pem.js'),
      },
    ],
    notBuilt: ['rotate', 'attest', 'archive', 'revoke', 'verify-chain'],
  },
  {
    name: 'trust',
    summary: 'edit and show whom and what a verifier trusts (trust.json)',
    examples: [
      'cap trust init',
      'cap trust add trust.json --signer keys/5f0c….pub --policy policy.json',
      'cap trust show',
    ],
    verbs: [
      { name: 'init', summary: 'create an empty trust.json', load: () => import('./trust/init.js') },
      {
        name: 'add',
        summary: 'add or replace signers, policies, reference lists, logs and witnesses',
        load: () => import('./trust/add.js'),
      },
      {
        name: 'withdraw',
        summary: 'mark a reference list as withdrawn: verdicts that rely on it get a warning',
        load: () => import('./trust/withdraw.js'),
      },
      {
        name: 'sign',
        summary: 'sign the trust store: TRUST.sig next to it',
        load: () => import('./trust/sign.js'),
      },
      { name: 'show', summary: 'show what the trust store holds, and its hash', load: () => import('./trust/show.js') },
    ],
  },
  {
    name: 'lists',
    summary: 'import, publish and withdraw reference lists: sanctions, jurisdictions',
    examples: [
      'cap lists import official.csv --kind sanctions --delimiter ";" --columns name=WholeName --out sanctions.csv',
      'CAP_TOKEN_FILE=token cap lists publish sanctions.csv --id sanctions --as-of 2025-11-01 --url http://127.0.0.1:8080',
    ],
    verbs: [
      {
        name: 'import',
        summary: 'convert a CSV with other columns to a reference list; report every bad row',
        load: () => import('./lists/import.js'),
      },
      {
        name: 'publish',
        summary: 'publish a reference list at a service, under its hash',
        load: () => import('./lists/publish.js'),
      },
      {
        name: 'withdraw',
        summary: 'declare that nobody should rely on a published list any more; it stays readable',
        load: () => import('./lists/withdraw.js'),
      },
    ],
  },
  {
    name: 'registry',
    summary: 'look into a registry, check and operate it',
    examples: [
      'CAP_TOKEN_FILE=token cap registry list --url http://127.0.0.1:8081',
      'cap registry show 0x5f0c… --data-dir /var/lib/cap-verifier',
      'cap registry fsck --data-dir /var/lib/cap-verifier',
    ],
    verbs: [
      { name: 'list', summary: 'list the entries, newest last', load: () => import('./registry/list.js') },
      { name: 'show', summary: 'show one entry', load: () => import('./registry/show.js') },
      {
        name: 'fsck',
        summary: 'recompute everything and compare; exit 2 names the first bad object',
        load: () => import('./registry/fsck.js'),
      },
      {
        name: 'hold',
        summary: 'put an entry, or all entries of a bundle, under legal hold',
        load: () => import('./registry/hold.js'),
      },
      {
        name: 'release',
        summary: 'end the legal hold of an entry, or of all entries of a bundle',
        load: () => import('./registry/release.js'),
      },
      {
        name: 'erase',
        summary: 'permanently remove the bundle of an entry, or a bundle; entries and proofs stay',
        load: () => import('./registry/erase.js'),
      },
      {
        name: 'retention',
        summary: 'erase the bundles that are older than the retention period and not under legal hold',
        load: () => import('./registry/retention.js'),
      },
      {
        name: 'migrate',
        summary: 'move a data directory to PostgreSQL and a bucket, and verify everything there',
        load: () => import('./registry/migrate.js'),
      },
      {
        name: 'export',
        summary: 'write what a registry knows, one JSON object a line',
        load: () => import('./registry/export.js'),
      },
      {
        name: 'import',
        summary: "record the entries of the older program's registry (1.0) in the log, unverified",
        load: () => import('./registry/import.js'),
      },
      {
        name: 'reverify',
        summary: 'verify every registered bundle again and list changed verdicts (writes nothing)',
        load: () => import('./registry/reverify.js'),
      },
    ],
    notBuilt: ['verify'],
  },
  {
    name: 'blob',
    summary: 'put, get and list BLOBs of a registry, named by the BLAKE3 of their bytes',
    examples: [
      'CAP_TOKEN_FILE=token cap blob put bundle.zip --url http://127.0.0.1:8081',
      'cap blob get 0x5f0c… --data-dir /var/lib/cap-verifier --out bundle.zip',
    ],
    verbs: [
      { name: 'put', summary: 'store a file; print its id', load: () => import('./blob/put.js') },
      { name: 'get', summary: 'fetch a file by its id', load: () => import('./blob/get.js') },
      { name: 'list', summary: 'list ids and sizes', load: () => import('./blob/list.js') },
      {
        name: 'gc',
        summary: 'move unreferenced files to the trash, and delete old ones from it',
        load: () => import('./blob/gc.js'),
      },
    ],
  },
  {
    name: 'log',
    summary: "check receipts and checkpoints of a registry's log, offline",
    examples: [
      'cap log verify-receipt receipt.json --trust trust.json --bundle bundle.zip',
      'cap log verify-consistency receipt-2025.json --proof consistency.json --trust trust.json',
      'cap log cosign checkpoint --key 5f0c… --name witness.example --trust trust.json --out cosigned',
    ],
    verbs: [
      {
        name: 'verify-receipt',
        summary: 'check that an event is in a log that a trusted key signed; exit 2 says what is wrong',
        load: () => import('./log/verify-receipt.js'),
      },
      {
        name: 'verify-consistency',
        summary: "check that a log's tree grew out of an earlier one",
        load: () => import('./log/verify-consistency.js'),
      },
      {
        name: 'cosign',
        summary: 'cosign a checkpoint, or the checkpoint in a receipt, as a witness',
        load: () => import('./log/cosign.js'),
      },
    ],
  },
  {
    name: 'audit',
    summary: 'verify and export audit logs',
    examples: [
      'cap audit verify --project project',
      'cap audit verify audit.jsonl',
      'cap audit export --project project --format csv --out audit.csv',
      'cap audit export --url http://127.0.0.1:8081 --key KID --out export.zip',
    ],
    verbs: [
      {
        name: 'verify',
        summary: 'verify an audit log, or the export of a registry; exit 2 names the first bad event',
        load: () => import('./audit/verify.js'),
      },
      {
        name: 'export',
        summary: 'export an audit log after verifying it (2: broken), or a signed export of a registry with its proofs',
        load: () => import('./audit/export.js'),
      },
    ],
  },
  {
    name: 'backup',
    summary: 'create, list, verify and restore backups of a registry',
    examples: [
      'CAP_TOKEN_FILE=token cap backup create --url http://127.0.0.1:8082',
      'cap backup list --target /backups/cap-verifier',
      'cap backup verify /backups/cap-verifier/backup_20260115_020000.tar.gz --signer backup.pub',
      'cap backup restore backup_20260115_020000.tar.gz --to /var/lib/cap-verifier --signer backup.pub',
    ],
    verbs: [
      {
        name: 'create',
        summary: 'create a backup now and test-restore it, through the worker or from a data directory',
        load: () => import('./backup/create.js'),
      },
      { name: 'list', summary: 'list the valid backups, newest first', load: () => import('./backup/list.js') },
      {
        name: 'verify',
        summary: 'check signature and every hash; exit 2 names the first fault',
        load: () => import('./backup/verify.js'),
      },
      {
        name: 'drill',
        summary: 'restore into a scratch directory, check everything in it, remove it',
        load: () => import('./backup/drill.js'),
      },
      {
        name: 'restore',
        summary: 'replace a data directory with the one in a backup; the old one is kept next to it',
        load: () => import('./backup/restore.js'),
      },
    ],
    notBuilt: ['prune'],
  },
  {
    name: 'config',
    summary: 'check and show the configuration of a service',
    examples: [
      'cap config check --config /etc/cap-verifier/app.yaml --service verifier',
      'cap config show --config /etc/cap-verifier/app.yaml',
    ],
    verbs: [
      {
        name: 'check',
        summary: 'check the configuration; exit 78 lists every problem with file and key',
        load: () => import('./config/check.js'),
      },
      {
        name: 'show',
        summary: 'show what a service would run with; secrets are masked',
        load: () => import('./config/show.js'),
      },
    ],
  },
  {
    name: 'doctor',
    summary: 'find what keeps a service, or this machine, from working: exit 0 fine, 1 warnings, 2 faults',
    load: () => import('./doctor/doctor.js'),
  },
  {
    name: 'dev',
    summary: 'throw-away token issuer for development, never for production',
    examples: [
      'cap dev issuer --out dev-issuer',
      'cap dev token --scope "verify:read policy:write" --issuer dev-issuer > token',
    ],
    verbs: [
      {
        name: 'issuer',
        summary: 'create an issuer: private.pem (mode 0600), public.pem, jwks.json, issuer.json',
        load: () => import('./dev/issuer.js'),
      },
      { name: 'token', summary: 'print a token (JWT, ES256)', load: () => import('./dev/token.js') },
    ],
  },
  {
    name: 'completion',
    summary: 'print the completion script of a shell',
    load: async () => ({ default: (await import('./completion/completion.js')).completion(COMMANDS) }),
  },
];
