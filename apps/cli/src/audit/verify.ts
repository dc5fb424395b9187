import { EXIT } from '@cap/core';
import { printResult } from '../io.js';
import { anyText } from '../options.js';
import { repeated } from '../repeated-options.js';
import { verb } from '../verb.js';
import { checkLog } from './audit-log.js';
import { isExport, verifyExport } from './verify-export.js';

/**
 * Walks the hash chain of an audit log from its genesis, or checks the export of a registry. A broken chain is a fault (exit 2)
 * that names the event; a line that is no event at all is malformed input (exit 65).
 */
export default verb({
  examples: [
    'cap audit verify --project project',
    'cap audit verify audit.jsonl --json',
    'cap audit verify export.zip --signer exporter.pub --log-key log.example/cap+2e…+AR…',
  ],
  syntax: (command) =>
    command
      .argument('[file]')
      .option(
        '--project <dir>',
        "check the project's audit.jsonl, and that it has every event that audit.head, manifest and proof name",
      )
      .option('--signer <kid|file>', 'who must have signed the export: key id, or public key file')
      .option(
        '--log-key <key>',
        "the log's verifier key, or a file of them: it must have signed the export's checkpoint; repeatable",
        repeated(anyText),
      ),
  run: async (io, options, file) => {
    if (file !== undefined && file !== '-' && (await isExport(file))) return verifyExport(io, options, file);
    const { name, events, fault } = await checkLog(io, options.project, file);
    const tail_digest = fault === null ? (events.at(-1)?.digest ?? null) : null;
    printResult(io, options, { file: name, ok: fault === null, fault, events: events.length, tail_digest }, () =>
      fault === null
        ? [
            `ok: ${events.length} events are linked, tail ${tail_digest ?? 'none'}`,
            ...(options.project === undefined ? [CAVEAT] : []),
          ].join('\n')
        : `fault: ${fault}`,
    );
    return fault === null ? EXIT.ok : EXIT.fault;
  },
});

const CAVEAT =
  'A log that was truncated, or rewritten from the start, is linked too: compare the tail with the audit member of a\n' +
  'manifest, or give --project.';
