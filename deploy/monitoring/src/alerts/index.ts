import type { AlertRule, RuleSettings } from './alert.ts';
import { apiAlerts } from './api-alerts.ts';
import { backupAlerts } from './backup-alerts.ts';
import { registryAlerts } from './registry-alerts.ts';
import { serviceAlerts } from './service-alerts.ts';

export { type AlertRule, exprOf, type RuleSettings, runbookUrl, type Severity } from './alert.ts';

/** By the rule files. */
export const alertGroups = (settings: RuleSettings): Readonly<Record<string, readonly AlertRule[]>> => ({
  api: apiAlerts(settings),
  services: serviceAlerts(settings),
  registry: registryAlerts(settings),
  backup: backupAlerts(settings),
});

export const allAlerts = (settings: RuleSettings): readonly AlertRule[] => Object.values(alertGroups(settings)).flat();
