import { readFile } from 'node:fs/promises';
import { certificatesOf } from '@cap/config';
import { recordBeside, rfc3339 } from '@cap/crypto';
import { type TrustDocument } from '@cap/verify';

/** A renewal takes its time: who is told thirty days before is not told too late. */
const SOON_DAYS = 30;
const DAY_MS = 86_400_000;
/** More than these are the list of a system, which others keep up to date. */
const OWN_AUTHORITIES = 10;

type Found = string | { warn: string };

/** What `words` is about ends at `ends`: a warning from 30 days before, an error after. */
export function untilEnd(words: string, ends: Date, now: Date): Found {
  if (now > ends) throw new Error(`${words}, and so has ended`);
  const days = Math.floor((ends.getTime() - now.getTime()) / DAY_MS);
  return days < SOON_DAYS ? { warn: `${words}, in ${days} days` } : words;
}

/** The key of a file, by the record beside it. */
export async function keyEnd(file: string, now: Date): Promise<Found> {
  const record = await recordBeside(file);
  if (!record) return `${file}: has no record, and so no end`;
  const { kid, status, valid_from, valid_to } = record;
  const words = `${file}: ${kid}, valid from ${valid_from} to ${valid_to}`;
  if (status !== 'active') throw new Error(`${words}, is ${status}`);
  if (now < new Date(valid_from)) throw new Error(words);
  return untilEnd(words, new Date(valid_to), now);
}

/** The authorities of NODE_EXTRA_CA_CERTS; the first that ends counts. */
export async function authoritiesEnd(file: string, now: Date): Promise<Found> {
  const trusted = certificatesOf(await readFile(file));
  if (trusted.length > OWN_AUTHORITIES) return `${file}: ${trusted.length} authorities, the list of a system`;
  const [first] = trusted.sort((a, b) => a.validToDate.getTime() - b.validToDate.getTime());
  if (!first) throw new Error(`${file}: no certificate in it`);
  const { subject, validToDate } = first;
  return untilEnd(`${file}: ${subject.replaceAll('\n', ', ')}, valid to ${rfc3339(validToDate)}`, validToDate, now);
}

/**
 * Keys of a trust store that have ended are history, and judge bundles of their time. But an owner without a key for what comes
 * next needs a new one, and a store in which nobody has one judges nothing new.
 */
export function signersEnd({ signers }: TrustDocument, now: Date): Found {
  const last = new Map<string, number>();
  for (const { owner, valid_to, revoked_at } of signers)
    last.set(owner, Math.max(last.get(owner) ?? 0, revoked_at === undefined ? Date.parse(valid_to) : 0));
  const soon = [...last].filter(([, end]) => end < now.getTime() + SOON_DAYS * DAY_MS);
  if (soon.length === 0) return `${last.size} owners with a valid key`;
  const words = soon.map(([owner, end]) =>
    end === 0 ? `${owner}: revoked` : `${owner}: the last key is valid to ${rfc3339(new Date(end))}`,
  );
  if ([...last.values()].every((end) => end < now.getTime()))
    throw new Error(`no owner has a valid key (${words.join('; ')})`);
  return { warn: words.join('; ') };
}
