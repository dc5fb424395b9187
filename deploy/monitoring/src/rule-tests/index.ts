import { runbookUrl } from '../alerts/index.ts';
import { yaml } from '../rule-files.ts';
import { apiCases } from './api-cases.ts';
import { backupCases } from './backup-cases.ts';
import type { Case } from './case.ts';
import { registryCases } from './registry-cases.ts';
import { serviceCases } from './service-cases.ts';

/** By the rule file that they are about. */
export const CASES: Readonly<Record<string, readonly Case[]>> = {
  api: apiCases,
  services: serviceCases,
  registry: registryCases,
  backup: backupCases,
};

export const ruleTestFile = (name: string, cases: readonly Case[], runbooks: string): string =>
  yaml({
    // Not all of them: promtool evaluates every rule of these files at every step.
    rule_files: [...(name === 'api' ? ['../rules/slo.yaml'] : []), `../rules/${name}.yaml`],
    evaluation_interval: '1m',
    // Otherwise a matter of chance, and an alert sees what was recorded a minute ago.
    ...(name === 'api' ? { group_eval_order: ['cap-slo', 'cap-api'] } : {}),
    tests: cases.map(({ name, alert, series, at, firing }) => ({
      name: `${alert} ${firing.length > 0 ? 'fires' : 'stays silent'}: ${name}`,
      interval: '1m',
      input_series: Object.entries(series).map(([one, values]) => ({ series: one, values })),
      alert_rule_test: [
        {
          alertname: alert,
          eval_time: at,
          exp_alerts: firing.map(({ labels, summary, description }) => ({
            exp_labels: labels,
            exp_annotations: { summary, description, runbook_url: runbookUrl(alert, runbooks) },
          })),
        },
      ],
    })),
  });
