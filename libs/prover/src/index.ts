/**
 * The prover's project directory: prepare lists, commit, build the manifest, prove, open rows for an auditor, and the project's
 * own event log. Only the command line uses it. Start in project.ts.
 */
export { appendAuditEvent, parseAuditLog } from './audit.js';
export { projectLogFault } from './log-fault.js';
export { type ReferenceListInput } from './inputs.js';
export { Project } from './project.js';
export { placesOfLines, sampleRows } from './sampling.js';
