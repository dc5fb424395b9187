import { describe, expect, it } from '@jest/globals';
import { Shares } from './shares.js';

const subject = (name: string) => ({ name, internal: false });

describe('shares', () => {
  it('are a part for each and all for nobody; what is given back can be had again', () => {
    const shares = new Shares({ all: 10, each: 6 }, { all: 'all', each: 'each' });
    shares.take(subject('a'), 4);
    shares.take(subject('a'), 2);
    expect(() => shares.take(subject('a'), 1)).toThrow(
      expect.objectContaining({ code: 'rate.limited', status: 429, retryAfter: 1 }),
    );
    shares.take(subject('b'), 4);
    expect(() => shares.take(subject('c'), 1)).toThrow(
      expect.objectContaining({ code: 'overloaded', status: 503, retryAfter: 1 }),
    );
    shares.giveBack(subject('a'), 6);
    shares.take(subject('a'), 6);
    expect(() => shares.take(subject('b'), 1)).toThrow(expect.objectContaining({ code: 'overloaded' }));
  });

  it('tell an internal client that the service is busy: its own caller is not the one who asks too much', () => {
    const shares = new Shares({ all: 10, each: 6 }, { all: 'all', each: 'each' });
    expect(() => shares.take({ name: 'verifier', internal: true }, 7)).toThrow(
      expect.objectContaining({ code: 'overloaded', message: 'each' }),
    );
  });
});
