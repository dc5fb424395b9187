import { describe, expect, it } from '@jest/globals';
import { globSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { contractFaults } from './exposition.ts';
import { METRICS } from './metrics.ts';
import { PUBLIC_ROUTE_MATCHER, PUBLIC_ROUTES } from './targets.ts';

const root = path.join(import.meta.dirname, '../../..');
const read = (file: string) => readFileSync(path.join(root, file), 'utf8');
const SOURCES = ['apps/{verifier-api,registry,backup-worker}/src/**/*.ts', 'libs/service-kit/src/**/*.ts'];

/** Names of metrics stand in the sources as texts of their own. */
const namesInSources = () =>
  new Set(
    SOURCES.flatMap((pattern) => globSync(pattern, { cwd: root }))
      .filter((file) => !/\.(spec|fixture)\.ts$/.test(file))
      .flatMap((file) => [...read(file).matchAll(/'(cap_[a-z0-9_]+)'/g)].map(([, name]) => name!)),
  );

describe('the contract', () => {
  it('has each metric of the services’ sources; what is planned is not there yet', () => {
    const ours = METRICS.filter(({ name }) => name.startsWith('cap_'));
    expect([...namesInSources()].sort()).toEqual(
      ours
        .filter(({ planned }) => !planned)
        .map(({ name }) => name)
        .sort(),
    );
  });

  it('names each metric once, says what it is in a sentence, and follows Prometheus’ conventions', () => {
    expect(new Set(METRICS.map(({ name }) => name)).size).toBe(METRICS.length);
    for (const { name, type, unit, help } of METRICS) {
      expect([name, help]).toEqual([name, expect.stringMatching(/^[A-Z].+\.$/s)]);
      if (name.startsWith('cap_') && name !== 'cap_blob_bytes_total')
        expect([name, name.endsWith('_total')]).toEqual([name, type === 'counter']);
      if (unit === 'unix time') expect(name).toMatch(/_(timestamp|time)_seconds|_time_seconds$/);
      if (unit === 'bytes') expect(name).toMatch(/_bytes(_total)?$/);
      if (unit === 'seconds') expect(name).toMatch(/_seconds(_total)?$/);
    }
  });
});

describe('what a service exposes', () => {
  const contract = METRICS.filter(({ name }) => ['cap_ready', 'cap_build_info', 'cap_disk_free_bytes'].includes(name));
  const faults = (text: string) => contractFaults('cap-registry', text, contract);
  const READY = '# TYPE cap_ready gauge\ncap_ready{check="log"} 1\n';
  const BUILD = '# TYPE cap_build_info gauge\ncap_build_info{service="a",version="b",node="c"} 1\n';

  it('agrees with the contract, or says where it does not', () => {
    expect(faults(READY + BUILD)).toEqual([]);
    expect(faults(READY)).toEqual(['cap-registry does not expose cap_build_info']);
    expect(faults(READY + BUILD + '# TYPE cap_more counter\n')).toEqual([
      'cap_more is not in the contract of cap-registry',
    ]);
    expect(faults(READY.replace('gauge', 'counter') + BUILD)).toEqual([
      'cap_ready is a counter, in the contract a gauge',
    ]);
    expect(faults(READY + BUILD + 'cap_ready{check="a",id="7"} 1\n')).toEqual([
      'cap_ready has a label id that the contract does not name',
    ]);
    expect(faults(READY + BUILD + '# TYPE cap_disk_free_bytes gauge\n')).toEqual([
      'cap_disk_free_bytes is no longer planned: cap-registry has it',
    ]);
  });

  it('knows the labels of a histogram’s samples', () => {
    const histogram = METRICS.filter(({ name }) => name === 'cap_http_request_duration_seconds');
    const text =
      '# TYPE cap_http_request_duration_seconds histogram\n' +
      'cap_http_request_duration_seconds_bucket{le="1",route="/verify"} 1\n' +
      'cap_http_request_duration_seconds_sum{route="/verify",id="7"} 1\n';
    expect(contractFaults('cap-registry', text, histogram)).toEqual([
      'cap_http_request_duration_seconds has a label id that the contract does not name',
    ]);
  });
});

describe('the routes of the objective', () => {
  const { paths } = JSON.parse(read('docs/openapi.json')) as {
    paths: Record<string, Record<string, { security?: unknown[] }>>;
  };
  const template = (route: string) => route.replace(/\{(\w+)\}/g, ':$1');
  const matches = (route: string) =>
    new RegExp(`^(?:${PUBLIC_ROUTE_MATCHER.slice('route=~"'.length, -1)})$`).test(route);

  it('are those of the API that need a token', () => {
    const secured = Object.entries(paths)
      .filter(([, operations]) => Object.values(operations).some(({ security = [] }) => security.length > 0))
      .map(([route]) => template(route));
    expect(secured.sort()).toEqual([...PUBLIC_ROUTES].sort());
  });

  it('and no others match', () => {
    const routes = [
      ...Object.keys(paths).map(template),
      'unmatched',
      '/metrics',
      '/healthz',
      '/readyz/serving',
      '/v1/policies',
    ];
    expect(routes.filter(matches).sort()).toEqual([...PUBLIC_ROUTES].sort());
  });
});
