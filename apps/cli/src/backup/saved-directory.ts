import { InvalidArgumentError } from 'commander';

/** What is saved beside the registry. */
export interface SavedDirectory {
  name: 'keys' | 'config' | 'certs';
  directory: string;
}

/** `keys=DIR`, `config=DIR` or `certs=DIR`. */
export function savedDirectory(text: string): SavedDirectory {
  const match = /^(keys|config|certs)=(.+)$/s.exec(text);
  if (!match) throw new InvalidArgumentError(`keys=DIR, config=DIR or certs=DIR was expected, not ${text}.`);
  return { name: match[1] as SavedDirectory['name'], directory: match[2]! };
}
