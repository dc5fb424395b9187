import type { Omission } from '@cap/contracts';
import type { CliIo } from '../io.js';

const REASONS: Record<Omission['reason'], string> = {
  private: 'private, and the archive is not encrypted',
  'linked-directory': 'a link to a directory',
  'special-file': 'neither a file nor a directory',
  name: 'a name that is not allowed in an archive',
  corrupt: 'its bytes in the registry are corrupt',
  missing: 'its bytes are missing from the registry',
};
const REASON_TEXTS = new Map<string, string>(Object.entries(REASONS));

/** Reports on stderr what a backup does not contain. A newer worker may have reasons that this version does not know. */
export function reportOmissions(io: CliIo, incomplete: readonly { path: string; reason: string }[]): void {
  if (incomplete.length === 0) return;
  io.err(`cap: the backup is incomplete, ${incomplete.length} files are left out:\n`);
  for (const { path, reason } of incomplete)
    io.err(`  ${JSON.stringify(path).slice(1, -1)}: ${REASON_TEXTS.get(reason) ?? reason}\n`);
}
