import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { ConfigService } from '@nestjs/config';
import type { Config } from '@cap/config';
import type { Readiness } from '@cap/service-kit';
import { ProofThreads } from './proof-threads.js';

/** With one thread, for which 20 proofs may wait. */
const config = new ConfigService<Config, true>({ server: { workers: 1 }, verification: { timeout_seconds: 1 } });
const WAIT = 20;

let threads: ProofThreads;
beforeAll(() => void (threads = new ProofThreads(config, { add: () => undefined } as unknown as Readiness)));
afterAll(() => threads.onApplicationShutdown());

const HASH = `0x${'11'.repeat(32)}` as const;
const statement = { signer: HASH, issued_at: '2026-01-15T10:00:00Z' };
const job = {
  kind: 'disclosure',
  context: { manifest: {}, manifestHash: HASH, policyHash: HASH, statement },
  payload: new Uint8Array(1),
} as never;

/** What becomes of proofs that a subject asks for at once: taken by a thread (which fails here: sources have no built worker), or refused. */
const asked = (subject: string, count: number): Promise<string>[] => {
  const { pool } = threads.for({ name: `subject ${subject}`, internal: false }, new AbortController().signal);
  return Array.from({ length: count }, () =>
    pool!.run(job).then(
      () => 'taken',
      ({ code }: { code: string }) => (['rate.limited', 'overloaded'].includes(code) ? code : 'taken'),
    ),
  );
};

describe('threads for proofs', () => {
  it('are not one subject’s alone: who has filled the places gives one up for another', async () => {
    const alice = asked('alice', 1 + WAIT);
    const bob = asked('bob', 1);
    const more = asked('alice', 1);
    expect(await Promise.all(bob)).toEqual(['taken']);
    expect(await Promise.all([...alice, ...more])).toEqual([
      ...Array<string>(WAIT).fill('taken'),
      'rate.limited',
      'rate.limited',
    ]);
  });
});
