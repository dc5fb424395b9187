import { LRUCache } from 'lru-cache';
import { CapError } from '@cap/core';

const DAY_MS = 24 * 3600_000;
/** Beyond this many subjects the least recently active one is forgotten. */
const MAX_SUBJECTS = 10_000;

interface Upload {
  at: number;
  bytes: number;
}

/** How much each token subject has uploaded through this instance in the last 24 h. */
export class UploadQuota {
  readonly #uploads = new LRUCache<string, Upload[]>({ max: MAX_SUBJECTS });

  constructor(
    /** Bytes within 24 h. */
    private readonly limit: number,
    private readonly now: () => number = Date.now,
  ) {}

  /** Throws CapError rate.limited, with the time until there is room again, if `bytes` would exceed the quota. */
  assertRoom(subject: string, bytes: number): void {
    const uploads = this.#recent(subject);
    let excess = uploads.reduce((sum, upload) => sum + upload.bytes, bytes) - this.limit;
    if (excess <= 0) return;
    const leaving = uploads.find((upload) => (excess -= upload.bytes) <= 0);
    throw new CapError('rate.limited', `This subject may upload ${this.limit} bytes in 24 hours.`, {
      retryAfter: Math.max(1, ((leaving?.at ?? this.now()) + DAY_MS - this.now()) / 1000),
    });
  }

  /** Counts an upload before it is stored, so that concurrent uploads count too. Call the returned function if it was not stored. */
  take(subject: string, bytes: number): () => void {
    this.assertRoom(subject, bytes);
    const upload = { at: this.now(), bytes };
    this.#uploads.set(subject, [...this.#recent(subject), upload]);
    return () => {
      upload.bytes = 0;
    };
  }

  #recent(subject: string): Upload[] {
    const since = this.now() - DAY_MS;
    return (this.#uploads.get(subject) ?? []).filter(({ at }) => at > since);
  }
}
