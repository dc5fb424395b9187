import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type Greeter, greeter } from '../greeter.fixture.js';
import { CacheMetrics } from './cache-metrics.js';

let running: Greeter;
beforeAll(async () => void (running = await greeter()));
afterAll(() => running.service.stop());

const scrape = async () => {
  const answer = await running.service.app.inject('/metrics');
  expect(answer.headers['content-type']).toMatch(/^text\/plain; version=0\.0\.4/);
  return answer.body.split('\n');
};
const value = async (series: string) => {
  const line = (await scrape()).find((one) => one.startsWith(`${series} `));
  return line === undefined ? undefined : Number(line.split(' ').at(-1));
};

describe('metrics', () => {
  it('tell what runs, and of the process and of Node', async () => {
    const lines = await scrape();
    expect(lines).toContain(`cap_build_info{service="greeter",version="0.1.0",node="${process.versions.node}"} 1`);
    for (const name of [
      'process_cpu_seconds_total',
      'process_resident_memory_bytes',
      'nodejs_eventloop_lag_p99_seconds',
    ])
      expect(lines.some((line) => line.startsWith(`${name} `))).toBe(true);
  });

  it('count requests by method, route template and status', async () => {
    const series = 'cap_http_requests_total{method="GET",route="/open/:name",status="200"}';
    const before = (await value(series)) ?? 0;
    await running.service.app.inject('/open/a');
    await running.service.app.inject('/open/b');
    expect(await value(series)).toBe(before + 2);
    expect(await value('cap_http_request_duration_seconds_count{route="/open/:name"}')).toBe(before + 2);
  });

  it('put unmatched paths into one series, whatever strangers ask', async () => {
    for (const path of ['/a', '/b?x=1', '/c/d']) await running.service.app.inject(path);
    const lines = await scrape();
    expect(lines.filter((line) => /route="\/(a|b|c)/.test(line))).toEqual([]);
    expect(await value('cap_http_requests_total{method="GET",route="unmatched",status="404"}')).toBe(3);
  });

  it('start at zero, so that a query has an answer before the first event', async () => {
    expect(await value('cap_auth_token_validation_failures_total')).toBe(0);
    expect(await value('cap_cache_hit_ratio{cache="token"}')).toBe(0);
  });

  it('tell how well a cache does', async () => {
    const outcomes = running.service.app.get(CacheMetrics).outcomes('results');
    outcomes.miss();
    outcomes.hit();
    outcomes.hit();
    outcomes.hit();
    expect(await value('cap_cache_hit_ratio{cache="results"}')).toBe(0.75);
    expect(await value('cap_cache_requests_total{cache="results",outcome="hit"}')).toBe(3);
    expect(await value('cap_cache_requests_total{cache="results",outcome="miss"}')).toBe(1);
  });

  it('a second service in one process has its own', async () => {
    await running.service.app.inject('/open/a');
    const second = await greeter();
    const lines = (await second.service.app.inject('/metrics')).body.split('\n');
    expect(lines.some((line) => line.startsWith('cap_build_info{'))).toBe(true);
    expect(lines.some((line) => line.startsWith('process_cpu_seconds_total '))).toBe(true);
    expect(lines.filter((line) => line.startsWith('cap_http_requests_total{'))).toEqual([]);
    await second.service.stop();
  });
});
