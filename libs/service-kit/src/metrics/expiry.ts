import { Injectable, type Provider } from '@nestjs/common';
import { makeGaugeProvider } from '@willsoto/nestjs-prometheus';
import type { Registers } from './registers.js';

/** Something that expires: what it is, and which one of its kind. */
export interface Expiry {
  kind: 'certificate' | 'trusted-authority' | 'signing-key' | 'log-key' | 'trusted-signer';
  /** A file, or a key id. */
  name: string;
  expiresAt: Date;
}

/** Cap on series of one source, because trust stores can be long. */
const MAX_SHOWN = 1_000;

/** What is in use and expires. */
@Injectable()
export class Expiries {
  private readonly sources: (() => readonly Expiry[])[] = [];

  /** `expiries` is asked at each scrape. */
  add(expiries: () => readonly Expiry[]): void {
    this.sources.push(expiries);
  }

  all(): Expiry[] {
    return this.sources.flatMap((expiries) => expiries().slice(0, MAX_SHOWN));
  }
}

/** `cap_expiry_timestamp_seconds{kind,name}` of what is in use at each scrape. */
export const expiryMetrics = (registers: Registers): Provider[] => [
  Expiries,
  makeGaugeProvider({
    name: 'cap_expiry_timestamp_seconds',
    help: 'When a certificate or key that is in use expires',
    labelNames: ['kind', 'name'],
    registers,
    inject: [Expiries],
    collect(expiries: Expiries) {
      this.reset();
      for (const { kind, name, expiresAt } of expiries.all()) this.set({ kind, name }, expiresAt.getTime() / 1000);
    },
  }),
];
