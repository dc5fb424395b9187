import { generateKeyPairSync } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { CapError } from '@cap/core';
import { formatCheckpointText, parseCheckpoint } from '@cap/tlog';
import { formatNote, signNoteText } from '@cap/tlog/notes';
import type { CheckpointStore } from '../stores.js';
import { CheckpointPublisher } from './checkpoint-publisher.js';

const origin = 'log.example/cap/1';
const { privateKey } = generateKeyPairSync('ed25519');
const noteOf = (size: number): string => {
  const text = formatCheckpointText({ origin, size, root: Buffer.alloc(32, size), extensions: [] });
  return formatNote({ text, signatures: [signNoteText(text, { name: origin, privateKey })] });
};

/** A place that fails while `broken`; `attempts` counts the tries, and `after` waits for one of them. */
class Place implements CheckpointStore {
  broken = false;
  note: string | null = null;
  attempts = 0;
  writes = 0;
  #wake = () => {};

  after(attempts: number): Promise<void> {
    return new Promise((resolve) => {
      this.#wake = () => this.attempts >= attempts && setImmediate(resolve);
      this.#wake();
    });
  }

  read(): Promise<string | null> {
    this.attempts++;
    this.#wake();
    if (this.broken) return Promise.reject(new CapError('storage.failed', 'read-only file system'));
    return Promise.resolve(this.note);
  }

  write(_epoch: number, note: string): Promise<void> {
    this.writes++;
    this.note = note;
    return Promise.resolve();
  }

  epochs = () => Promise.resolve([]);
}

let place: Place;
let publisher: CheckpointPublisher;
let told: string[];
beforeEach(() => {
  place = new Place();
  told = [];
  publisher = new CheckpointPublisher(place, 1, {
    publishMs: 1,
    retryMs: 1,
    onPublishFailure: (error) => void told.push((error as CapError).code),
    onPublishRecovery: () => void told.push('recovered'),
  });
});
afterEach(() => publisher.close());

describe('checkpoints that can not be written', () => {
  it('are tried again without a further event, told of each time, and written once it can be', async () => {
    place.broken = true;
    publisher.publish(noteOf(7));
    await place.after(3);
    expect(told).toEqual(['log.checkpoint', 'log.checkpoint', 'log.checkpoint']);
    expect(publisher.fault?.message).toMatch(/^read-only file system\. Without a checkpoint a cut log is not noticed/);
    place.broken = false;
    const healed = place.attempts + 1;
    await place.after(healed);
    expect(place.note).toBe(noteOf(7));
    expect(told.at(-1)).toBe('recovered');
    expect(publisher.fault).toBeNull();
  });

  it('give way to newer ones, which do not hurry the next try', async () => {
    place.broken = true;
    publisher = new CheckpointPublisher(place, 1, { publishMs: 1, retryMs: 3_600_000 });
    publisher.publish(noteOf(1));
    await place.after(1);
    for (let size = 2; size <= 5; size++) publisher.publish(noteOf(size));
    await new Promise((resolve) => setTimeout(resolve, 10));
    expect([place.attempts, publisher.fault?.code]).toEqual([1, 'log.checkpoint']);
    place.broken = false;
    await publisher.close();
    expect(place.note).toBe(noteOf(5));
  });

  it('stop who has to know that they can, and leave nothing to be tried', async () => {
    place.broken = true;
    publisher.publish(noteOf(1));
    await expect(publisher.writeNow(noteOf(1))).rejects.toMatchObject({ kind: 'io', code: 'log.checkpoint' });
    const { attempts } = place;
    await publisher.close();
    expect(place.attempts).toBe(attempts);
  });
});

describe('what is there already', () => {
  it('is not written again, but for a start', async () => {
    place.note = noteOf(3);
    publisher.publish(noteOf(3));
    await publisher.close();
    expect(place.writes).toBe(0);
    expect(await publisher.writeNow(noteOf(3))).toBe(true);
    expect(place.writes).toBe(1);
  });

  it('stays if it is newer: another process wrote it', async () => {
    place.note = noteOf(9);
    expect(await publisher.writeNow(noteOf(8))).toBe(false);
    publisher.publish(noteOf(8));
    await publisher.close();
    expect(parseCheckpoint(place.note).size).toBe(9);
    expect(told).toEqual([]);
  });
});
