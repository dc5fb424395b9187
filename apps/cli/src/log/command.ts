import { type DefineGroup, group, verb } from '../frame/command.js';

export const defineLog: DefineGroup = (program, run) => {
  const log = group(program, 'log', "receipts and checkpoints of a registry's log, offline", [
    'cap log verify-receipt receipt.json --trust trust.json --bundle bundle.zip',
    'cap log verify-consistency receipt-2025.json --proof consistency.json --trust trust.json',
    'cap log cosign checkpoint --key 5f0c… --name witness.example --trust trust.json --out cosigned',
  ]);

  verb(
    log,
    'verify-receipt <receipt>',
    'check that an event is in a log that a trusted key signed; exit 2 says what does not hold',
    [
      'cap log verify-receipt receipt.json --trust trust.json --bundle bundle.zip',
      'cap log verify-receipt entry.tlog-proof --trust trust.json --json',
      'cap log verify-receipt answer.json --trust trust.json      # the answer of POST /verify, with its receipt',
    ],
  )
    .requiredOption('--trust <file>', 'trust.json: log_keys, witness_keys, witness_threshold')
    .option('--bundle <file>', 'the receipt must be of the entry of this bundle')
    .option('--entry <id>', 'the receipt must be of the entry with this entry_id')
    .option('--tlog-proof <file>', 'write the receipt, if it holds, as a C2SP tlog-proof file')
    .action(run.action(async () => (await import('./verify-receipt.js')).verifyReceiptFile));

  verb(log, 'verify-consistency <old> [new]', "check that a log's tree grew out of an earlier one", [
    'cap log verify-consistency old-checkpoint new-checkpoint --proof consistency.json --trust trust.json',
    'cap log verify-consistency receipt-2025.json --proof consistency.json --trust trust.json',
  ])
    .requiredOption('--trust <file>', 'trust.json: log_keys, witness_keys, witness_threshold')
    .option(
      '--proof <file>',
      "the registry's consistency proof {from, to, proof[], checkpoint}; not needed for equal sizes",
    )
    .addHelpText(
      'after',
      "\nOLD and NEW are checkpoints (signed notes), or receipts, whose checkpoints are meant. Without NEW: the proof's own checkpoint.",
    )
    .action(run.action(async () => (await import('./verify-consistency.js')).verifyConsistencyFiles));

  verb(log, 'cosign <checkpoint>', 'cosign a checkpoint, or that of a receipt, as a witness', [
    'cap keys generate --keys witness --owner "Audit GmbH" --usage witness',
    'cap log cosign checkpoint --keys witness --key 5f0c… --name witness.example --trust trust.json --out cosigned',
    'cap log cosign checkpoint --keys witness --key 5f0c… --name witness.example --trust trust.json --proof consistency.json --out cosigned',
  ])
    .requiredOption('--key <kid>', 'the key, of usage witness')
    .requiredOption('--name <name>', 'name of the witness, which verifiers have in its verifier key')
    .requiredOption('--trust <file>', 'trust.json: log_keys')
    .option('--keys <dir>', "directory of the keys (default: the project's keys/)")
    .option('--project <dir>', 'project directory (default: the current one)')
    .option('--proof <file>', 'that the tree grew out of the last one cosigned; needed when it grew')
    .option('--previous <file>', 'the last checkpoint cosigned, if the state file does not know it')
    .option('--state <file>', 'what this witness cosigned last (default: witness.json beside the keys)')
    .requiredOption('--out <file>', 'the same with the cosignature; a receipt stays a receipt')
    .addHelpText(
      'after',
      '\nThe first checkpoint of a log is taken as it is. A smaller tree, or another one than grew, is refused: exit 2, nothing signed.',
    )
    .action(run.action(async () => (await import('./cosign.js')).cosign));
};
