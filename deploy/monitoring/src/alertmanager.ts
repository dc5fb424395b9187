import { yaml } from './rule-files.ts';

/** Where notifications go: `urlFile` keeps the URL, which often contains a token, out of the configuration (Alertmanager 0.26 or newer). */
type Webhooks = Readonly<Record<'page' | 'ticket', { readonly urlFile: string } | { readonly url: string }>>;

const DEFAULT_WEBHOOKS: Webhooks = {
  page: { urlFile: '/run/secrets/alertmanager/page.url' },
  ticket: { urlFile: '/run/secrets/alertmanager/ticket.url' },
};

interface Waits {
  readonly group: string;
  readonly interval: string;
}
const DEFAULT_WAITS: Waits = { group: '30s', interval: '5m' };

const named = (alert: string) => `alertname="${alert}"`;
const not = (alert: string) => `alertname!="${alert}"`;

/** [what is known, what follows from it and needs no notification of its own, labels that must be equal] */
const CONSEQUENCES: readonly (readonly [string[], string[], string[]])[] = [
  // Of a service that is down: everything that its instances said last.
  [[named('CapServiceDown')], [not('CapServiceDown')], ['environment', 'job']],
  // Of the registry: those who ask it, and their callers.
  [
    [named('CapServiceDown'), 'job="cap-registry"'],
    ['alertname=~"CapNotReady|CapBackupNotReady"', 'check="registry"'],
    ['environment'],
  ],
  [[named('CapServiceDown')], [named('CapErrorBudgetBurn')], ['environment']],
  [[named('CapBackupWorkerDown')], ['job="cap-backup"', not('CapBackupWorkerDown')], ['environment', 'instance']],
  // A budget that burns fast burns slowly as well.
  [
    [named('CapErrorBudgetBurn'), 'severity="page"'],
    [named('CapErrorBudgetBurn'), 'severity="ticket"'],
    ['environment'],
  ],
  [[named('CapDiskAlmostFull')], [named('CapDiskFillingUp')], ['environment', 'instance', 'volume']],
  // Without a new backup there is no new drill, and a target that can't be read shows old figures.
  [[named('CapBackupTooOld')], [named('CapBackupDrillTooOld')], ['environment']],
  [
    [named('CapBackupTargetUnreadable')],
    ['alertname=~"CapBackupTooOld|CapBackupDrill.*|CapBackupIncomplete|CapBackupFromFuture"'],
    ['environment'],
  ],
  [[named('CapLogProofFailed')], [named('CapNotReady'), 'check="log"'], ['environment', 'instance']],
  [[named('CapCheckpointsFailing')], [named('CapNotReady'), 'check="checkpoints"'], ['environment', 'instance']],
];

const receiver = (name: 'page' | 'ticket', webhooks: Webhooks) => {
  const hook = webhooks[name];
  return {
    name,
    webhook_configs: [{ ...('url' in hook ? { url: hook.url } : { url_file: hook.urlFile }), send_resolved: true }],
  };
};

/** Routes by severity: a page is repeated every hour, a ticket once a day. */
export const alertmanagerFile = (webhooks = DEFAULT_WEBHOOKS, waits = DEFAULT_WAITS): string =>
  yaml({
    route: {
      receiver: 'ticket',
      group_by: ['alertname', 'environment', 'job'],
      group_wait: waits.group,
      group_interval: waits.interval,
      repeat_interval: '1d',
      routes: [
        { matchers: ['severity="page"'], receiver: 'page', repeat_interval: '1h' },
        { matchers: ['severity="ticket"'], receiver: 'ticket' },
      ],
    },
    inhibit_rules: CONSEQUENCES.map(([source, target, equal]) => ({
      source_matchers: source,
      target_matchers: target,
      equal,
    })),
    receivers: [receiver('page', webhooks), receiver('ticket', webhooks)],
  });
