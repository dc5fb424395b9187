/** Monitoring as code: what other tests and scripts use of it. Start reading in metrics.ts, alerts/ and boards/. */
export { alertmanagerFile } from './alertmanager.ts';
export { contractFaults } from './exposition.ts';
export { generate } from './generate.ts';
