import type { Dashboard } from '@grafana/grafana-foundation-sdk/dashboard';
import { allAlerts, type RuleSettings } from '../alerts/index.ts';
import { backupBoard } from './backup.ts';
import { board } from './board.ts';
import { overview } from './overview.ts';
import { registryLog } from './registry-log.ts';
import { requestBoard } from './request.ts';
import { sloBoard } from './slo.ts';

export function boards(settings: RuleSettings): readonly Dashboard[] {
  const alerts = allAlerts(settings);
  const alert = (name: string, window?: string) => {
    const found = alerts.find((rule) => rule.alert === name && rule.labels?.window === window);
    if (!found) throw new Error(`There is no alert ${name}${window === undefined ? '' : ` with the window ${window}`}`);
    return found;
  };
  return [overview(alert), sloBoard(alert, settings), registryLog(alert), backupBoard(alert), requestBoard(alert)].map(
    (facts) => board(facts, settings.runbooks),
  );
}
