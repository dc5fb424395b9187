#!/usr/bin/env node
import { setFlagsFromString } from 'node:v8';
import { EXIT } from '@cap/core/errors';
import { processIo } from './io.js';

// Node's own exit code for an uncaught error is 1, which here is the verdict `warn`.
for (const event of ['uncaughtException', 'unhandledRejection'] as const)
  process.on(event, (error: unknown) => {
    process.stderr.write(`cap: internal error: ${error instanceof Error ? error.stack : String(error)}\n`);
    process.exit(EXIT.internal);
  });

// A reader that closed early (`cap … | head`) wants no more; the exit code stays the command's.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE' && error.code !== 'ERR_STREAM_DESTROYED') {
    process.stderr.write(`cap: can't write to stdout: ${error.message}\n`);
    process.exit(EXIT.io);
  }
});

// Commitments and proofs allocate many short-lived numbers, which the collector would let grow to several hundred MB. For a tenth
// more CPU these flags keep memory flat whatever the lists; they must be set before anything else takes memory.
if (['prepare', 'prove', 'disclose'].includes(process.argv[2] ?? ''))
  for (const flag of ['--max-semi-space-size=4', '--optimize-for-size']) setFlagsFromString(flag);

async function main(): Promise<void> {
  const { runCli } = await import('./cli.js');
  const code = await runCli(process.argv.slice(2), processIo());
  process.exitCode = code;
  // Idle connections must not keep the program alive, and nothing printed may be lost.
  if (process.stdout.writableLength === 0) process.exit(code);
  process.stdout.end(() => process.exit(code));
}

void main();
