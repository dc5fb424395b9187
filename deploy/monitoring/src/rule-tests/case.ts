/** Cases for `promtool test rules`: series in its notation, one value a minute. */

export interface Expected {
  readonly labels: Readonly<Record<string, string>>;
  readonly summary: string;
  readonly description: string;
}

export interface Case {
  /** What happens in it. */
  readonly name: string;
  readonly alert: string;
  readonly series: Readonly<Record<string, string>>;
  /** When the alert is looked at. */
  readonly at: string;
  /** What fires then; nothing, if it must not. */
  readonly firing: readonly Expected[];
}

interface Moment {
  readonly name: string;
  readonly series: Case['series'];
  readonly at: string;
}

/** An alert by a case in which it fires and one in which it must not. */
export const pair = (alert: string, fires: Moment & { firing: readonly Expected[] }, silent: Moment): Case[] => [
  { alert, ...fires },
  { alert, ...silent, firing: [] },
];

const FIRST = { 'cap-verifier': 'verifier-1:8080', 'cap-registry': 'registry-1:8081', 'cap-backup': 'backup-1:8082' };

export type Job = keyof typeof FIRST;

export const target = (job: Job, instance = FIRST[job]) => ({ environment: 'production', job, instance });

export const series = (name: string, labels: Readonly<Record<string, string>>): string =>
  `${name}{${Object.entries(labels)
    .map(([label, value]) => `${label}="${value}"`)
    .join(', ')}}`;

/** A series of the first instance of a service. */
export const of = (job: Job, name: string, labels: Readonly<Record<string, string>> = {}): string =>
  series(name, { ...target(job), ...labels });
