import { gauge } from './metric.js';

/** Something that ends on a day: what it is, and which one of its kind. */
export interface Ending {
  kind: 'certificate' | 'trusted-authority' | 'signing-key' | 'log-key' | 'trusted-signer';
  /** A file, or a key id. */
  name: string;
  ends: Date;
}

/** Of a kind that somebody else's list may fill. */
const MAX_SHOWN = 1_000;

const sources = new Set<() => readonly Ending[]>();

/** `cap_expiry_timestamp_seconds{kind,name}` of what is in use at each scrape. Returns what ends that. */
export function exposeEndings(endings: () => readonly Ending[]): () => void {
  sources.add(endings);
  gauge({
    name: 'cap_expiry_timestamp_seconds',
    help: 'When a certificate or key that is in use ends',
    labelNames: ['kind', 'name'],
    collect() {
      this.reset();
      for (const source of sources)
        for (const { kind, name, ends } of source().slice(0, MAX_SHOWN))
          this.set({ kind, name }, ends.getTime() / 1000);
    },
  });
  return () => void sources.delete(endings);
}
