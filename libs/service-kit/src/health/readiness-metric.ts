import { gauge } from '../metrics/metric.js';
import { type Readiness } from './readiness.js';

const sources = new Set<Readiness>();

/** `cap_ready{check}`, looked at by each scrape: where nobody asks /readyz it would be as old as the last question. Returns what ends that. */
export function exposeReadiness(readiness: Readiness): () => void {
  sources.add(readiness);
  gauge({
    name: 'cap_ready',
    help: 'Per readiness check: 1 if it passes, 0 if what it asks for is missing',
    labelNames: ['check'],
    async collect() {
      const reports = await Promise.all([...sources].map((source) => source.check()));
      this.reset();
      for (const { details } of reports)
        for (const [check, { status }] of Object.entries(details)) this.set({ check }, status === 'up' ? 1 : 0);
    },
  });
  return () => void sources.delete(readiness);
}
