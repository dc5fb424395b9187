import { readFile } from 'node:fs/promises';
import { certificatesOf } from '@cap/config';
import { rfc3339 } from '@cap/crypto';
import { recordBeside } from '@cap/crypto/key-files';
import type { TrustDocument } from '@cap/verify/trust';

/** A renewal takes time: thirty days' notice is enough. */
const SOON_DAYS = 30;
const DAY_MS = 86_400_000;
/** More than this is the operating system's list, which is kept up to date elsewhere. */
const OWN_AUTHORITIES = 10;

type Found = string | { warn: string };

/** A warning from 30 days before the end, an error after it. */
export function untilEnd(words: string, ends: Date, now: Date): Found {
  if (now > ends) throw new Error(`${words}, and has expired`);
  const days = Math.floor((ends.getTime() - now.getTime()) / DAY_MS);
  return days < SOON_DAYS ? { warn: `${words}, in ${days} days` } : words;
}

/** The key in a file, by the record next to it. */
export async function keyEnd(file: string, now: Date): Promise<Found> {
  const record = await recordBeside(file);
  if (!record) return `${file}: has no record, so it does not expire`;
  const { kid, status, valid_from, valid_to } = record;
  const words = `${file}: ${kid}, valid from ${valid_from} to ${valid_to}`;
  if (status !== 'active') throw new Error(`${words}, is ${status}`);
  if (now < new Date(valid_from)) throw new Error(words);
  return untilEnd(words, new Date(valid_to), now);
}

/** The authorities of NODE_EXTRA_CA_CERTS; the first to expire counts. */
export async function authoritiesEnd(file: string, now: Date): Promise<Found> {
  const trusted = certificatesOf(await readFile(file));
  if (trusted.length > OWN_AUTHORITIES) return `${file}: ${trusted.length} authorities, the operating system's list`;
  const [first] = trusted.sort((a, b) => a.validToDate.getTime() - b.validToDate.getTime());
  if (!first) throw new Error(`${file}: contains no certificate`);
  const { subject, validToDate } = first;
  return untilEnd(`${file}: ${subject.replaceAll('\n', ', ')}, valid until ${rfc3339(validToDate)}`, validToDate, now);
}

/**
 * Expired keys of a trust store still verify bundles of their time. But an owner whose keys have all expired needs a new one, and
 * a store in which no owner has a valid key can't verify anything new.
 */
export function signersEnd({ signers }: TrustDocument, now: Date): Found {
  const last = new Map<string, number>();
  for (const { owner, valid_to, revoked_at } of signers)
    last.set(owner, Math.max(last.get(owner) ?? 0, revoked_at === undefined ? Date.parse(valid_to) : 0));
  const soon = [...last].filter(([, end]) => end < now.getTime() + SOON_DAYS * DAY_MS);
  if (soon.length === 0) return `${last.size} owners with a valid key`;
  const words = soon.map(([owner, end]) =>
    end === 0 ? `${owner}: revoked` : `${owner}: the last key is valid until ${rfc3339(new Date(end))}`,
  );
  if ([...last.values()].every((end) => end < now.getTime()))
    throw new Error(`no owner has a valid key (${words.join('; ')})`);
  return { warn: words.join('; ') };
}
