import type { Stats } from 'node:fs';
import { stat } from 'node:fs/promises';
import { CapError } from './errors.js';

/**
 * Whether a file is for `reader` (its user id) alone. Nobody but the owner may have any right to it; if root owns it and
 * hands it over, the group may read it, as a mounted secret is given to a service (Kubernetes: root:fsGroup, mode 0440).
 */
export function isPrivateFile({ mode, uid }: Pick<Stats, 'mode' | 'uid'>, reader = process.geteuid!()): boolean {
  const isHandedOver = uid === 0 && reader !== 0;
  return (mode & (isHandedOver ? 0o037 : 0o077)) === 0;
}

/** Throws CapError `key.forbidden` for a private key that others can read. */
export async function requirePrivateFile(file: string): Promise<void> {
  if (!isPrivateFile(await stat(file)))
    throw new CapError('key.forbidden', `${file} can be read by others; run: chmod 600 ${file}`);
}
