import { describe, expect, it } from '@jest/globals';
import { FairQueue } from './fair-queue.js';

const waiting = (...names: string[]) => {
  const queue = new FairQueue<{ requester: string; name: string }>();
  for (const name of names) queue.push({ requester: name[0]!, name });
  return queue;
};
const all = (queue: ReturnType<typeof waiting>) =>
  Array.from({ length: queue.length }, () => queue.shift()!.name).join(' ');

describe('the fair queue', () => {
  it('goes from requester to requester, first in, first out within each', () => {
    expect(all(waiting('a1', 'a2', 'a3', 'b1', 'c1', 'b2'))).toBe('a1 b1 c1 a2 b2 a3');
    expect(waiting().shift()).toBeUndefined();
  });

  it('makes room for whoever has less, from the end of the longest line', () => {
    const queue = waiting('a1', 'a2', 'a3', 'b1');
    expect(queue.makeRoomFor('c')?.name).toBe('a3');
    expect(queue.makeRoomFor('a')).toBeUndefined();
    expect(queue.makeRoomFor('b')).toBeUndefined();
    expect(all(queue)).toBe('a1 b1 a2');
  });
});
