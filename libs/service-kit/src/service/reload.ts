import { type Config } from '@cap/config';
import { type ModuleLog } from '../logging/logs.js';

/** What can be read again while the service runs. */
export type ReloadStep = (config: Config) => void | Promise<void>;

/** SIGHUP: every step gets the newly read configuration; one that fails keeps what it had and stops no other. */
export class Reload {
  private readonly steps = new Map<string, ReloadStep>();

  constructor(private readonly log: ModuleLog) {}

  /** `name` is what the log says was (not) reloaded: `trust store`. */
  add(name: string, step: ReloadStep): void {
    this.steps.set(name, step);
  }

  /** Runs all steps; true if every one succeeded. */
  async run(config: Config): Promise<boolean> {
    let fine = true;
    for (const [name, step] of this.steps)
      try {
        await step(config);
        this.log.info('reloaded', { what: name });
      } catch (error) {
        fine = false;
        this.log.error('not reloaded, the old one stays in use', { what: name, error });
      }
    return fine;
  }
}
