import type { LogLevel } from '@cap/config';
import type { LogFields, ModuleLog } from './logs.js';

const PER_MINUTE = 60;
const MINUTE_MS = 60_000;
/** Addresses that are counted separately, and how many of them a summary names. */
const MAX_ADDRESSES = 1_000;
const NAMED = 5;

/**
 * The log of events that anyone can cause without a token. So that an unauthenticated client can't fill a disk or hide the lines
 * that matter, at most 60 lines a minute of each kind are written, then one that counts the others and names the busiest addresses.
 * At debug all of them are written.
 */
export class UnauthenticatedLog {
  private written = 0;
  private leftOut = 0;
  private addresses = new Map<string, number>();

  /** `what` names the kind of line in the summary: `refused tokens`. */
  constructor(
    private readonly log: ModuleLog,
    private readonly what: string,
    private readonly minuteMs = MINUTE_MS,
  ) {}

  write(level: LogLevel, msg: string, fields: LogFields & { client: string }): void {
    if (this.log.enabled('debug')) return this.log[level](msg, fields);
    if (!this.log.enabled(level)) return;
    if (this.written === 0) setTimeout(() => this.sumUp(), this.minuteMs).unref();
    if (this.written++ < PER_MINUTE) return this.log[level](msg, fields);
    this.leftOut++;
    const { client } = fields;
    if (this.addresses.has(client) || this.addresses.size < MAX_ADDRESSES)
      this.addresses.set(client, (this.addresses.get(client) ?? 0) + 1);
  }

  private sumUp(): void {
    const { leftOut, addresses } = this;
    this.written = this.leftOut = 0;
    this.addresses = new Map();
    if (leftOut === 0) return;
    const busiest = [...addresses].sort(([, a], [, b]) => b - a).slice(0, NAMED);
    this.log.warn(`${this.what}: lines were left out`, { lines: leftOut, clients: Object.fromEntries(busiest) });
  }
}
