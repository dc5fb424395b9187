import { expect, it } from '@jest/globals';
import { parse } from 'yaml';
import { allAlerts } from './alerts/index.ts';
import { alertmanagerFile } from './alertmanager.ts';
import { settingsOf } from './generate.ts';
import { knownSeries } from './lint/series.ts';

interface Config {
  route: { receiver: string; routes: { matchers: string[]; receiver: string }[] };
  inhibit_rules: { source_matchers: string[]; target_matchers: string[]; equal: string[] }[];
  receivers: { name: string; webhook_configs: Record<string, unknown>[] }[];
}
const config = parse(alertmanagerFile()) as Config;

it('takes the URL of each webhook from a file', () => {
  expect(config.receivers.flatMap(({ webhook_configs }) => webhook_configs)).toEqual([
    { url_file: '/run/secrets/alertmanager/page.url', send_resolved: true },
    { url_file: '/run/secrets/alertmanager/ticket.url', send_resolved: true },
  ]);
  expect(alertmanagerFile()).not.toContain('http');
});

it('has a receiver for each severity', () => {
  const severities = new Set(allAlerts(settingsOf({})).map(({ severity }) => severity));
  const routed = config.route.routes.map(({ matchers, receiver }) => [matchers, receiver]);
  expect(routed).toEqual([
    [['severity="page"'], 'page'],
    [['severity="ticket"'], 'ticket'],
  ]);
  expect([...severities].sort()).toEqual(config.receivers.map(({ name }) => name).sort());
});

it('silences by alerts and labels that exist', () => {
  const names = allAlerts(settingsOf({})).map(({ alert }) => alert as string);
  const labels = new Set([...[...knownSeries().values()].flatMap((some) => [...some]), 'alertname', 'severity']);
  for (const { source_matchers, target_matchers, equal } of config.inhibit_rules) {
    for (const matcher of [...source_matchers, ...target_matchers]) {
      const [, label, operator, value] = /^(\w+)(=~|!=|=)"(.*)"$/.exec(matcher)!;
      expect([matcher, labels.has(label!)]).toEqual([matcher, true]);
      if (label !== 'alertname') continue;
      const pattern = new RegExp(operator === '=~' ? `^(${value})$` : `^${value}$`);
      expect([matcher, names.some((name) => pattern.test(name))]).toEqual([matcher, true]);
    }
    for (const label of equal) expect([label, labels.has(label)]).toEqual([label, true]);
  }
});

it('takes a URL where there is no secret to keep, as in a test', () => {
  const local = { url: 'http://127.0.0.1:9/hook' };
  const waits = { group: '1s', interval: '2s' };
  const { receivers, route } = parse(alertmanagerFile({ page: local, ticket: local }, waits)) as Config;
  expect(route).toMatchObject({ group_wait: '1s', group_interval: '2s' });
  expect(receivers[0]!.webhook_configs[0]).toEqual({ url: 'http://127.0.0.1:9/hook', send_resolved: true });
});
