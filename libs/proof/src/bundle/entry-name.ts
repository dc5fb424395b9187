const CONTROL_CHARACTER = /\p{Cc}/u;

/**
 * Why a name is not allowed in a bundle, or null. Rejects names that could escape the target directory on any system, and
 * names with more than one spelling.
 */
export function nameFault(name: string): string | null {
  if (name === '') return 'the name is empty';
  if (Buffer.byteLength(name) > 255) return 'the name is longer than 255 bytes';
  if (!name.isWellFormed()) return 'the name is not Unicode text';
  if (CONTROL_CHARACTER.test(name)) return 'the name contains a control character';
  if (name.includes('\\')) return 'the name contains a backslash';
  if (name.startsWith('/')) return 'the name is absolute';
  if (/^[a-z]:/i.test(name)) return 'the name starts with a drive';
  if (name.split('/').some((segment) => segment === '' || segment === '.' || segment === '..'))
    return 'the name has an empty, . or .. segment';
  return null;
}
