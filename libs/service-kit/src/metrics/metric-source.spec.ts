import { afterEach, expect, it } from '@jest/globals';
import { register } from 'prom-client';
import { MetricSource } from './metric-source.js';

afterEach(() => register.clear());

/** The samples of one scrape, as lines. */
const scrape = async () =>
  (await register.metrics()).split('\n').filter((line) => line !== '' && !line.startsWith('#'));

function sourceOf(read: () => Promise<number | null>) {
  const source = new MetricSource({ name: 'readable', help: 'whether' }, read, 20);
  source.gauge('size', 'its size', (state) => state);
  source.counter('events', 'how many there were', (state) => 2 * state);
}

it('is read once for all metrics of a scrape', async () => {
  let reads = 0;
  sourceOf(async () => ++reads);
  expect(await scrape()).toEqual(['readable 1', 'size 1', 'events 2']);
  expect(await scrape()).toEqual(['readable 1', 'size 2', 'events 4']);
});

it('that can not be read fails no scrape: the metrics tell what was known last', async () => {
  let fails = true;
  sourceOf(() => (fails ? Promise.reject(new Error('down')) : Promise.resolve(7)));
  expect(await scrape()).toEqual(['readable 0']);
  fails = false;
  expect(await scrape()).toEqual(['readable 1', 'size 7', 'events 14']);
  fails = true;
  expect(await scrape()).toEqual(['readable 0', 'size 7', 'events 14']);
});

it('that never answers holds no scrape up, and is not asked again meanwhile', async () => {
  const answers: ((state: number) => void)[] = [];
  sourceOf(() => new Promise((resolve) => answers.push(resolve)));
  expect(await scrape()).toEqual(['readable 0']);
  expect(await scrape()).toEqual(['readable 0']);
  expect(answers).toHaveLength(1);
  answers[0]!(3);
  expect(await scrape()).toEqual(['readable 1', 'size 3', 'events 6']);
});

it('that has nothing to tell shows nothing', async () => {
  sourceOf(() => Promise.resolve(null));
  expect(await scrape()).toEqual(['readable 1']);
});
