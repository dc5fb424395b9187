import { Injectable, type Provider } from '@nestjs/common';
import { makeGaugeProvider } from '@willsoto/nestjs-prometheus';
import type { Registers } from './registers.js';

/** Something that ends on a day: what it is, and which one of its kind. */
export interface Ending {
  kind: 'certificate' | 'trusted-authority' | 'signing-key' | 'log-key' | 'trusted-signer';
  /** A file, or a key id. */
  name: string;
  ends: Date;
}

/** Of a kind that somebody else's list may fill. */
const MAX_SHOWN = 1_000;

/** What is in use and ends. */
@Injectable()
export class Expiries {
  private readonly sources: (() => readonly Ending[])[] = [];

  /** `endings` is asked at each scrape. */
  add(endings: () => readonly Ending[]): void {
    this.sources.push(endings);
  }

  all(): Ending[] {
    return this.sources.flatMap((endings) => endings().slice(0, MAX_SHOWN));
  }
}

/** `cap_expiry_timestamp_seconds{kind,name}` of what is in use at each scrape. */
export const expiryMetrics = (registers: Registers): Provider[] => [
  Expiries,
  makeGaugeProvider({
    name: 'cap_expiry_timestamp_seconds',
    help: 'When a certificate or key that is in use ends',
    labelNames: ['kind', 'name'],
    registers,
    inject: [Expiries],
    collect(expiries: Expiries) {
      this.reset();
      for (const { kind, name, ends } of expiries.all()) this.set({ kind, name }, ends.getTime() / 1000);
    },
  }),
];
