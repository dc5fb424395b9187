import { CapError, jcs } from '@cap/core';
import { sha3Text } from '@cap/crypto';
import { WorkerPool, type Sample } from '@cap/proof';
import { layoutOf, JobScheduler, policyStatement, makeSample, knownLists } from '@cap/proof/prove';
import type { ListName } from '@cap/lists';
import { appendAuditEvent } from './audit.js';
import type { Project, Reveal } from './project.js';

/**
 * Opens rows of the committed columns for an auditor: they are what the project's zero-knowledge proof is about. Places are
 * those of makeSample. Throws CapError `sample.rows` for a row that is not there, `proof.backend` for a proof of
 * another backend.
 */
export async function sampleRows(
  project: Project,
  places: ReadonlyMap<ListName, readonly number[]>,
  now: string,
  { reveal, threads = 0 }: { reveal?: Reveal; threads?: number } = {},
): Promise<Sample> {
  const { record } = await project.proof();
  if (record.backend !== 'kzg-columns')
    throw new CapError(
      'proof.backend',
      `rows can only be opened for a kzg-columns proof; this project's proof is ${record.backend}`,
    );
  const context = await project.proofContext(record.statement);
  const asked = policyStatement(context);
  if (!asked)
    throw new CapError(
      'proof.stale',
      'the manifest lacks a list that its policy needs; run cap manifest build and cap prove again',
    );
  const known = knownLists(context.manifest, await project.lists(reveal));
  const chosen = known.filter(({ list }) => places.has(list)).map((list) => ({ ...list, layout: layoutOf(list) }));
  const pool = threads > 0 ? new WorkerPool(threads) : null;
  try {
    const sample = await makeSample(context, asked.statement, chosen, places, new JobScheduler(pool));
    await appendAuditEvent(project.file('audit.jsonl'), now, 'rows.disclosed', {
      proof_hash: record.proof_hash,
      sample_hash: sha3Text(jcs(sample)),
    });
    return sample;
  } catch (error) {
    if (error instanceof RangeError) throw new CapError('sample.rows', error.message);
    throw error;
  } finally {
    await pool?.close();
  }
}

/** Where the rows that came from these lines of the list's file are in the columns. Throws CapError `sample.rows`. */
export async function placesOfLines(
  project: Project,
  list: ListName,
  lines: readonly number[],
  reveal?: Reveal,
): Promise<number[]> {
  const { manifest } = await project.manifest();
  const known = knownLists(manifest, await project.lists(reveal)).find((other) => other.list === list)!;
  const { order } = layoutOf(known);
  return lines.map((line) => {
    const place = order.findIndex((i) => known.lines[i] === line);
    if (place === -1) throw new CapError('sample.rows', `no row of ${list} came from line ${line}`);
    return place;
  });
}
