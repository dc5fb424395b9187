import { type Config, type ConfigKey, differences } from '@cap/config';
import type { ModuleLog } from '../logging/logs.js';

/** What can be read again while the service runs. */
export type ReloadStep = (config: Config) => void | Promise<void>;

/** SIGHUP: every step gets the newly read configuration; one that fails keeps what it had and stops no other. */
export class Reload {
  private readonly steps = new Map<string, ReloadStep>();
  private readonly taken: ConfigKey[] = [];

  /** `started` is the configuration that the service was started with. */
  constructor(
    private readonly log: ModuleLog,
    private readonly started: Config,
  ) {}

  /**
   * `name` is what the log says was (not) reloaded: `trust store`; `keys` are those of the configuration that the step takes into
   * use, whole sections too.
   */
  add(name: string, step: ReloadStep, keys: readonly ConfigKey[] = []): void {
    this.steps.set(name, step);
    this.taken.push(...keys);
  }

  /** Runs all steps, and names what changed and none of them takes; true if every one succeeded. */
  async run(config: Config): Promise<boolean> {
    let fine = true;
    const isTaken = (key: string) => this.taken.some((taken) => key === taken || key.startsWith(`${taken}.`));
    const later = differences(this.started, config).filter((key) => !isTaken(key));
    if (later.length > 0) this.log.warn(`in effect after a restart: ${later.join(', ')}`, { keys: later });
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
