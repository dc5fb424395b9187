import type { Manifest } from '@cap/proof/manifest';

/** A company as manifests and trust stores name it; lei: Legal Entity Identifier, ISO 17442. */
export type Company = Manifest['company'];

/** What a manifest says of its company that the entry of the key in the trust store does not have, or null. */
export function companyFault(named: Company, known: Company | null): { expected: string; actual: string } | null {
  const foreign =
    (named.name !== undefined && (known?.name === undefined || plain(named.name) !== plain(known.name))) ||
    (named.lei !== undefined && named.lei !== known?.lei);
  if (!foreign) return null;
  return {
    expected: known ? `the company of this key: ${companyText(known)}` : 'a company for this key in the trust store',
    actual: `the manifest names ${companyText(named)}`,
  };
}

const plain = (name: string): string => name.normalize('NFC').trim();

/** Name and LEI for people; empty if there is neither. */
export const companyText = ({ name, lei }: Company): string =>
  [name, lei === undefined ? undefined : `LEI ${lei}`].filter((part) => part !== undefined).join(', ');
