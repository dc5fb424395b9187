import { verifyReceipt, type ChainEvent, type LogTrust, type Receipt } from '@cap/tlog';
import type { Digest } from '@cap/crypto';
import { isInstant } from '@cap/core';
import type { RegistryAnswer } from './inputs.js';

/** The event of the registry's log by which a bundle got an entry. */
const REGISTERED = 'entry.registered';

/** What a receipt says about a bundle, verified with the log keys of `trust`: offline what a registry answers online. */
export function entryOfReceipt(receipt: Receipt, trust: LogTrust, bundleId: Digest): RegistryAnswer {
  const { event, failures } = verifyReceipt(receipt, trust);
  const [failure] = failures;
  if (failure) return { fault: `${failure.code}: ${failure.message}` };
  const fault = registeredFault(event!, bundleId);
  return fault === null ? { registered_at: event!.ts } : { fault };
}

/** Why an event does not say that this bundle was registered, or null if it does. */
export function registeredFault({ event, details, ts }: ChainEvent, bundleId: Digest): string | null {
  if (!isInstant(ts)) return `an event at ${ts}, which is no time`;
  if (event !== REGISTERED) return `a receipt of the event ${event}, not of an entry`;
  return details.bundle_id === bundleId ? null : `a receipt of the bundle ${String(details.bundle_id)}`;
}
