import { describe, expect, it } from '@jest/globals';
import { UploadQuota } from './quota.js';

const HOUR = 3600_000;

describe('upload quota', () => {
  it('is what one subject may upload within 24 hours, and says when there is room again', () => {
    let now = 0;
    const quota = new UploadQuota(100, () => now);
    quota.take('a', 60);
    now = HOUR;
    quota.take('a', 40);
    expect(() => quota.assertRoom('a', 0)).not.toThrow();
    expect(() => quota.assertRoom('a', 1)).toThrow(
      expect.objectContaining({ code: 'rate.limited', status: 429, retryAfter: 23 * 3600 }),
    );
    // The first upload alone does not leave room for 61 bytes.
    expect(() => quota.assertRoom('a', 61)).toThrow(expect.objectContaining({ retryAfter: 24 * 3600 }));
    expect(() => quota.assertRoom('b', 100)).not.toThrow();
    now = 24 * HOUR;
    expect(() => quota.assertRoom('a', 60)).not.toThrow();
    expect(() => quota.assertRoom('a', 61)).toThrow();
  });

  it('counts what is being stored, unless it was not stored after all', () => {
    const quota = new UploadQuota(100);
    const giveBack = quota.take('a', 60);
    expect(() => quota.take('a', 60)).toThrow(expect.objectContaining({ code: 'rate.limited' }));
    giveBack();
    quota.take('a', 100);
    expect(() => quota.assertRoom('a', 1)).toThrow();
  });
});
