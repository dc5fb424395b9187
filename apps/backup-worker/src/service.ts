import type { ServiceDefinition } from '@cap/service-kit';
import { BackupModule } from './backup.module.js';
import { runOnce } from './run-once.js';
import { Schedule } from './backups/schedule.js';

export const backupService: ServiceDefinition = {
  binary: 'cap-backup-worker',
  role: 'backup',
  description: 'backs up a registry on a schedule, and proves that the backups can be restored',
  module: (registers) => BackupModule.register(registers),
  serving: (app) => app.get(Schedule).start(),
  commands: { 'run-once': runOnce },
};
