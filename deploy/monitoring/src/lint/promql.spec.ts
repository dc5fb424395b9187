import { describe, expect, it } from '@jest/globals';
import { analyse, withoutVariables } from './promql.ts';

describe('an analysis', () => {
  it('gives selectors with their matchers, and groupings with the series below them', () => {
    const { errors, selectors, groupings } = analyse(
      'sum by (job, le) (rate(a_bucket{x=~"y.*", z!="w"}[$__rate_interval])) / on (job) group_left b{c="d"} > 3',
    );
    expect(errors).toEqual([]);
    expect(selectors).toEqual([
      {
        metric: 'a_bucket',
        matchers: [
          { label: 'x', operator: '=~', value: 'y.*' },
          { label: 'z', operator: '!=', value: 'w' },
        ],
      },
      { metric: 'b', matchers: [{ label: 'c', operator: '=', value: 'd' }] },
    ]);
    expect(groupings).toEqual([
      { labels: ['job', 'le'], metrics: ['a_bucket'] },
      { labels: ['job'], metrics: ['a_bucket', 'b'] },
    ]);
  });

  it('says where an expression can not be parsed', () => {
    expect(analyse('sum by (job) (up').errors).not.toEqual([]);
    expect(analyse('rate(up[5m])) > 1').errors).not.toEqual([]);
    expect(analyse('up{job=}').errors).not.toEqual([]);
  });

  it('finds quantiles over anything but a sum by le', () => {
    const of = (argument: string) => analyse(`histogram_quantile(0.9, ${argument})`).unsummedQuantiles;
    expect(of('sum by (le) (rate(a_bucket[5m]))')).toEqual([]);
    expect(of('sum by (job, le) (rate(a_bucket[5m]))')).toEqual([]);
    for (const argument of [
      'rate(a_bucket[5m])',
      'sum by (job) (rate(a_bucket[5m]))',
      'sum without (le) (rate(a_bucket[5m]))',
      'sum(rate(a_bucket[5m]))',
      'max by (le) (rate(a_bucket[5m]))',
    ])
      expect(of(argument)).toEqual([`histogram_quantile(0.9, ${argument})`]);
  });
});

it('puts numbers in the place of Grafana’s variables', () => {
  expect(withoutVariables('a[$__range] / $__range_s + rate(b[$__rate_interval]) + rate(c[$__interval])')).toBe(
    'a[1h] / 3600 + rate(b[5m]) + rate(c[5m])',
  );
});
