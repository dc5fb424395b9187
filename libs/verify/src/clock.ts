/** The time as of which a bundle is verified, and how long the verdict stays the same. */
export class Clock {
  readonly time: Date;
  private readonly moving: boolean;
  private until: Date | null = null;

  constructor({ at, now = () => new Date() }: { at?: string; now?: () => Date }) {
    this.time = at === undefined ? now() : new Date(at);
    this.moving = at === undefined;
  }

  /** Is it later than `limit`? Compared at the trusted time if there is one. */
  isAfter(limit: Date, trusted: Date | null = null): boolean {
    if (!trusted) this.changesAt(new Date(limit.getTime() + 1));
    return (trusted ?? this.time) > limit;
  }

  isBefore(limit: Date, trusted: Date | null = null): boolean {
    if (!trusted) this.changesAt(limit);
    return (trusted ?? this.time) < limit;
  }

  /** The first instant at which an answer given so far will be another one; null: never. */
  get validUntil(): Date | null {
    return this.until;
  }

  private changesAt(instant: Date): void {
    if (this.moving && instant > this.time && (this.until === null || instant < this.until)) this.until = instant;
  }
}
