/** Compares what a service exposes on /metrics with the contract. */
import { type Metric, METRICS } from './metrics.ts';
import type { Job } from './targets.ts';

const TYPE = /^# TYPE (\S+) (\S+)$/gm;
const SAMPLE = /^([a-z0-9_]+)\{(.*)\} \S+$/gm;
const LABEL = /(\w+)="(?:[^"\\]|\\.)*"/g;

const seriesOf = (name: string): string => name.replace(/_(bucket|sum|count)$/, '');

/** Sentences about what is exposed and not in the contract, the other way round, or different; none if they agree. */
export function contractFaults(job: Job, text: string, contract: readonly Metric[] = METRICS): string[] {
  const expected = new Map(
    contract.filter(({ services }) => services.includes(job)).map((metric) => [metric.name, metric]),
  );
  const exposed = new Map([...text.matchAll(TYPE)].map(([, name, type]) => [name!, type!]));
  const labels = [...text.matchAll(SAMPLE)].flatMap(([, sample, pairs]) => {
    const name = exposed.has(sample!) ? sample! : seriesOf(sample!);
    return [...pairs!.matchAll(LABEL)].map(([, label]) => ({ name, label: label! }));
  });
  const unknownLabels = labels
    .filter(({ label }) => label !== 'le')
    .filter(({ name, label }) => expected.has(name) && !expected.get(name)!.labels.includes(label))
    .map(({ name, label }) => `${name} has a label ${label} that the contract does not name`);
  return [
    ...[...exposed].flatMap(([name, type]) => {
      const metric = expected.get(name);
      if (!metric) return [`${name} is not in the contract of ${job}`];
      if (metric.planned) return [`${name} is no longer planned: ${job} has it`];
      return metric.type === type ? [] : [`${name} is a ${type}, in the contract a ${metric.type}`];
    }),
    ...[...expected.values()]
      .filter(({ name, planned }) => !planned && !exposed.has(name))
      .map(({ name }) => `${job} does not expose ${name}`),
    ...new Set(unknownLabels),
  ];
}
