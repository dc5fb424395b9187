import type { FastifyRequest } from 'fastify';
import { CapError } from '@cap/core';

/** Whom a request is counted against: an issuer's subject, an internal client, or the address of an unauthenticated client. */
export interface Requester {
  readonly name: string;
  /** An internal client is told that the service is overloaded, and retries; a subject is told that its own limit is reached. */
  readonly internal: boolean;
}

export const requesterOf = ({ principal, ip }: FastifyRequest): Requester =>
  principal
    ? { name: `subject ${principal.subject}`, internal: principal.client !== null }
    : { name: `address ${ip}`, internal: false };

/** A quota that all requesters share, with a limit for each, so that no requester can use up the whole quota. */
export class SharedQuota {
  #total = 0;
  readonly #held = new Map<string, number>();

  constructor(
    private readonly limits: { readonly total: number; readonly perRequester: number },
    private readonly words: { readonly total: string; readonly perRequester: string },
  ) {}

  /** Throws CapError overloaded if too little of the quota is left, rate.limited if this requester would exceed its own limit. */
  acquire({ name, internal }: Requester, amount: number): void {
    const held = this.#held.get(name) ?? 0;
    if (this.#total + amount > this.limits.total) throw new CapError('overloaded', this.words.total);
    if (held + amount > this.limits.perRequester)
      throw new CapError(internal ? 'overloaded' : 'rate.limited', this.words.perRequester);
    this.#total += amount;
    this.#held.set(name, held + amount);
  }

  release({ name }: Requester, amount: number): void {
    this.#total -= amount;
    const left = (this.#held.get(name) ?? 0) - amount;
    if (left > 0) this.#held.set(name, left);
    else this.#held.delete(name);
  }
}
