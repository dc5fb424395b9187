import { describe, expect, it } from '@jest/globals';
import { SharedQuota } from './shared-quota.js';

const subject = (name: string) => ({ name, internal: false });

describe('a shared quota', () => {
  it('are a part for each and all for nobody; what is given back can be had again', () => {
    const quota = new SharedQuota({ total: 10, perRequester: 6 }, { total: 'all', perRequester: 'each' });
    quota.acquire(subject('a'), 4);
    quota.acquire(subject('a'), 2);
    expect(() => quota.acquire(subject('a'), 1)).toThrow(
      expect.objectContaining({ code: 'rate.limited', status: 429, retryAfter: 1 }),
    );
    quota.acquire(subject('b'), 4);
    expect(() => quota.acquire(subject('c'), 1)).toThrow(
      expect.objectContaining({ code: 'overloaded', status: 503, retryAfter: 1 }),
    );
    quota.release(subject('a'), 6);
    quota.acquire(subject('a'), 6);
    expect(() => quota.acquire(subject('b'), 1)).toThrow(expect.objectContaining({ code: 'overloaded' }));
  });

  it('tell an internal client that the service is busy: its own caller is not the one who asks too much', () => {
    const quota = new SharedQuota({ total: 10, perRequester: 6 }, { total: 'all', perRequester: 'each' });
    expect(() => quota.acquire({ name: 'verifier', internal: true }, 7)).toThrow(
      expect.objectContaining({ code: 'overloaded', message: 'each' }),
    );
  });
});
