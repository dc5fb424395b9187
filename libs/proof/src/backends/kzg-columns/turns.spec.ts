import { describe, expect, it } from '@jest/globals';
import { Turns } from './turns.js';

const waiting = (...names: string[]) => {
  const turns = new Turns<{ holder: string; name: string }>();
  for (const name of names) turns.push({ holder: name[0]!, name });
  return turns;
};
const all = (turns: ReturnType<typeof waiting>) =>
  Array.from({ length: turns.length }, () => turns.shift()!.name).join(' ');

describe('turns', () => {
  it('go from holder to holder, each one’s own in the order in which they came', () => {
    expect(all(waiting('a1', 'a2', 'a3', 'b1', 'c1', 'b2'))).toBe('a1 b1 c1 a2 b2 a3');
    expect(waiting().shift()).toBeUndefined();
  });

  it('make room for whoever has less, out of the end of the longest line', () => {
    const turns = waiting('a1', 'a2', 'a3', 'b1');
    expect(turns.makeRoomFor('c')?.name).toBe('a3');
    expect(turns.makeRoomFor('a')).toBeUndefined();
    expect(turns.makeRoomFor('b')).toBeUndefined();
    expect(all(turns)).toBe('a1 b1 a2');
  });
});
