import { expect, it } from '@jest/globals';
import { Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { Registry } from 'prom-client';
import { MetricSource, metricsOf } from './metric-source.js';

/** What reads the samples of one scrape, as lines. */
async function scraperOf(read: () => Promise<number>) {
  const registry = new Registry();
  const metrics = metricsOf<number>(MetricSource, [registry]);
  @Module({
    providers: [
      { provide: MetricSource, useValue: new MetricSource(read, 20) },
      metrics.readable('readable', 'whether'),
      metrics.gauge('size', 'its size', (state) => state),
      metrics.counter('events', 'how many there were', (state) => 2 * state),
    ],
  })
  class TestModule {}
  await NestFactory.createApplicationContext(TestModule, { logger: false });
  return async () => (await registry.metrics()).split('\n').filter((line) => line !== '' && !line.startsWith('#'));
}

it('is read once for all metrics of a scrape', async () => {
  let reads = 0;
  const scrape = await scraperOf(async () => ++reads);
  expect(await scrape()).toEqual(['readable 1', 'size 1', 'events 2']);
  expect(await scrape()).toEqual(['readable 1', 'size 2', 'events 4']);
});

it('that can not be read fails no scrape: the metrics tell what was known last', async () => {
  let fails = true;
  const scrape = await scraperOf(() => (fails ? Promise.reject(new Error('down')) : Promise.resolve(7)));
  expect(await scrape()).toEqual(['readable 0']);
  fails = false;
  expect(await scrape()).toEqual(['readable 1', 'size 7', 'events 14']);
  fails = true;
  expect(await scrape()).toEqual(['readable 0', 'size 7', 'events 14']);
});

it('that never answers holds no scrape up, and is not asked again meanwhile', async () => {
  const answers: ((state: number) => void)[] = [];
  const scrape = await scraperOf(() => new Promise((resolve) => answers.push(resolve)));
  expect(await scrape()).toEqual(['readable 0']);
  expect(await scrape()).toEqual(['readable 0']);
  expect(answers).toHaveLength(1);
  answers[0]!(3);
  expect(await scrape()).toEqual(['readable 1', 'size 3', 'events 6']);
});
