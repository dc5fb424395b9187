import { expect, it } from '@jest/globals';
import { secondsOf, windowsAt } from './windows.ts';

it.each([
  ['5m', 300],
  ['30s', 30],
  ['6h', 21_600],
  ['3d', 259_200],
] as const)('%s is %s seconds', (duration, seconds) => {
  expect(secondsOf(duration)).toBe(seconds);
});

it('leaves a duration as it is, or shrinks it to what Prometheus can read', () => {
  expect(windowsAt().duration('1d')).toBe('1d');
  expect(windowsAt(1 / 60).duration('5m')).toBe('5s');
  expect(windowsAt(1 / 60).duration('3d')).toBe('72m');
  expect(windowsAt(1 / 60).duration('30s')).toBe('500ms');
  expect(windowsAt(1 / 60).seconds('1h')).toBe(60);
});
