import type { FastifyRequest } from 'fastify';
import { CapError } from '@cap/core';

/** Who a request counts for: an issuer's subject, an internal client, or the address of a stranger. */
export interface Holder {
  readonly name: string;
  /** An internal client waits for room as it does for a service that is busy; a subject is told that it is its own doing. */
  readonly internal: boolean;
}

export const holderOf = ({ principal, ip }: FastifyRequest): Holder =>
  principal
    ? { name: `subject ${principal.subject}`, internal: principal.client !== null }
    : { name: `address ${ip}`, internal: false };

/** A stock that all share, and of which each may hold a part only: so nobody's requests can keep out everybody else's. */
export class Shares {
  #total = 0;
  readonly #held = new Map<string, number>();

  constructor(
    private readonly limits: { readonly all: number; readonly each: number },
    private readonly words: { readonly all: string; readonly each: string },
  ) {}

  /** Throws CapError overloaded if there is not so much left for anybody, rate.limited if this one holds its part already. */
  take({ name, internal }: Holder, amount: number): void {
    const held = this.#held.get(name) ?? 0;
    if (this.#total + amount > this.limits.all) throw new CapError('overloaded', this.words.all);
    if (held + amount > this.limits.each) throw new CapError(internal ? 'overloaded' : 'rate.limited', this.words.each);
    this.#total += amount;
    this.#held.set(name, held + amount);
  }

  giveBack({ name }: Holder, amount: number): void {
    this.#total -= amount;
    const left = (this.#held.get(name) ?? 0) - amount;
    if (left > 0) this.#held.set(name, left);
    else this.#held.delete(name);
  }
}
