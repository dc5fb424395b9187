import { text } from 'node:stream/consumers';
import { bytesAsContent, type S3Objects } from '../s3/s3-objects.js';
import type { CheckpointStore } from '../stores.js';
import { epochsOf } from './epoch-names.js';

const CHECKPOINTS = 'checkpoints/';

/** One object `checkpoints/<epoch>` for each epoch. */
export class S3CheckpointStore implements CheckpointStore {
  constructor(private readonly objects: S3Objects) {}

  async read(epoch: number): Promise<string | null> {
    const body = await this.objects.get(this.#key(epoch));
    return body && text(body);
  }

  async write(epoch: number, note: string): Promise<void> {
    await this.objects.put(this.#key(epoch), bytesAsContent(Buffer.from(note)));
  }

  async epochs(): Promise<number[]> {
    const names: string[] = [];
    for await (const { key } of this.objects.list(CHECKPOINTS)) names.push(key.slice(CHECKPOINTS.length));
    return epochsOf(names);
  }

  #key = (epoch: number): string => `${CHECKPOINTS}${epoch}`;
}
