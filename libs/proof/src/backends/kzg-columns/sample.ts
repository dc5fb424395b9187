import { z } from 'zod';
import { digest } from '@cap/core';
import { digestText, type Digest } from '@cap/crypto';
import { codeFields, codeOf } from '@cap/policy/codes';
import { identifier, LIST_FIELDS, valueFault, type ListName, type ListRow } from '@cap/lists';
import { isSalt, openingFieldsFault, openingLeaf, openRow, type RowOpening } from '../../commitment/merkle-blake3.js';
import { columnsCommitment } from '../../manifest/manifest.js';
import type { ProofContext } from '../backend.js';
import { readPayload } from '../payload.js';
import { verifyingCeremony } from './ceremony.js';
import { documentElement, identifierElement } from './columns.js';
import type { ColumnLayout } from './commitment.js';
import { loadCurve } from './curve.js';
import { domain } from './domain.js';
import type { JobScheduler } from './job-scheduler.js';
import { policyStatement } from './policy-statement.js';
import { openRows, verifyRows, type OpenedElements } from './row-openings.js';
import { LIST_SIZES, statementDigest, type ZkStatement } from './statement.js';
import { Rejected } from './transcript.js';
import { rejection, Verifier } from './verifier.js';

/** Rows of one segment, opened: an index is the row's place in the segment's columns. */
interface SegmentSample {
  list: ListName;
  segment: number;
  rows: RowOpening[];
  /** W ‖ W', `0x` + hex. */
  proof: string;
}

/** A sample of rows opened for an auditor, JCS: they are what the proof with this statement digest is about. */
export interface Sample {
  schema: 'cap-sample.v1';
  manifest_hash: Digest;
  statement_digest: Digest;
  segments: SegmentSample[];
}

const salt = z.string().refine(isSalt, 'expected 0x + 32 lowercase hex digits');
const cell = z.union([z.string(), z.number(), z.boolean()]);

const sampleSchema: z.ZodType<Sample> = z.strictObject({
  schema: z.literal('cap-sample.v1'),
  manifest_hash: digest,
  statement_digest: digest,
  segments: z
    .array(
      z.strictObject({
        list: z.enum(['suppliers', 'ubos']),
        segment: z.int().min(0),
        rows: z
          .array(
            z.strictObject({
              index: z.int().min(0),
              leaf_salt: salt,
              fields: z.record(z.string(), z.strictObject({ value: cell, salt })),
              hidden: z.record(z.string(), digest),
            }),
          )
          .min(1),
        proof: z.string().regex(/^0x[0-9a-f]{192}$/, 'expected 0x + 192 lowercase hex digits'),
      }),
    )
    .min(1),
});

/** Reads a sample, of which nothing is checked but its form. Throws CapError `proof.payload` or `json.malformed`. */
export const readSample = (bytes: Uint8Array): Sample => readPayload(bytes, sampleSchema);

/** The number of the statement's entry for a segment of a list; -1 if nothing is stated of it. */
function entryOf({ lists }: ZkStatement, list: ListName, segment: number): number {
  const entries = lists.flatMap(({ name }, i) => (name === list ? [i] : []));
  return entries[segment] ?? -1;
}

/** A list of the prover, with its columns. */
interface SampledList {
  list: ListName;
  rows: readonly ListRow[];
  secrets: { leaves: readonly Parameters<typeof openRow>[1][] };
  layout: ColumnLayout;
}

/**
 * Opens whole rows, named by their place: row i of segment s has the place s * capacity + i. Throws RangeError for a place
 * without a row, or a list of which the statement says nothing.
 */
export async function makeSample(
  context: ProofContext,
  statement: ZkStatement,
  lists: readonly SampledList[],
  places: ReadonlyMap<ListName, readonly number[]>,
  scheduler: JobScheduler,
): Promise<Sample> {
  const digest = statementDigest(statement);
  const segments: SegmentSample[] = [];
  for (const { list, rows, secrets, layout } of lists) {
    const { v } = domain(LIST_SIZES[list]);
    const wanted = [...new Set(places.get(list) ?? [])].sort((a, b) => a - b);
    const missing = wanted.find((place) => place >= layout.order.length);
    if (missing !== undefined)
      throw new RangeError(`${list} have no row ${missing}, only 0 to ${layout.order.length - 1}`);
    for (const [segment, columns] of layout.segments.entries()) {
      const indices = wanted.filter((place) => Math.floor(place / v) === segment).map((place) => place % v);
      if (indices.length === 0) continue;
      const entry = entryOf(statement, list, segment);
      if (entry === -1) throw new RangeError(`the proof says nothing of ${list}: no rule of the policy is about them`);
      const { proof } = await openRows(scheduler, digest, entry, columns, indices);
      const opened = indices.map((index) => {
        const i = layout.order[segment * v + index]!;
        return openRow(rows[i]!, secrets.leaves[i]!, index, new Set(Object.keys(LIST_FIELDS[list])));
      });
      segments.push({ list, segment, rows: opened, proof: `0x${proof.toString('hex')}` });
    }
  }
  return {
    schema: 'cap-sample.v1',
    manifest_hash: context.manifestHash,
    statement_digest: digestText(digest),
    segments,
  };
}

/** Where the rows of a sample claim to be, as `cap disclose` names them. */
export const placesOf = ({ segments }: Sample): { list: ListName; place: number }[] =>
  segments.flatMap(({ list, segment, rows }) =>
    rows.map(({ index }) => ({ list, place: segment * domain(LIST_SIZES[list]).v + index })),
  );

/** A row of a sample that was found to be committed to. */
export interface SampledRow {
  list: ListName;
  place: number;
  fields: Record<string, string | number | boolean>;
}

/** The sample's rows if the committed columns hold every one of them; else why not. */
export async function verifySample(context: ProofContext, sample: Sample): Promise<SampledRow[] | { fault: string }> {
  const asked = policyStatement(context);
  if (!asked) return { fault: 'the verifier lacks the policy or a reference list, so what was proven is unknown' };
  const digest = statementDigest(asked.statement);
  if (sample.manifest_hash !== context.manifestHash) return { fault: 'the rows are of another manifest' };
  if (sample.statement_digest !== digestText(digest))
    return { fault: 'the rows were opened for another proof, policy, list or statement' };
  const segments = sample.segments.map(({ list, segment }) => `${list} ${segment}`);
  // One row shown twice would look like two rows.
  if (new Set(segments).size < segments.length) return { fault: 'a segment stands in it twice' };
  const [curve, ceremony] = await Promise.all([loadCurve(), verifyingCeremony()]);
  const verifier = new Verifier(curve, ceremony);
  const found: SampledRow[] = [];
  for (const { list, segment, rows, proof } of sample.segments) {
    const entry = entryOf(asked.statement, list, segment);
    if (entry === -1) return { fault: `the proof says nothing of ${list}, segment ${segment}` };
    try {
      const elements = rows.map((row) => elementsOf(context, list, row));
      const bytes = Buffer.from(proof.slice(2), 'hex');
      verifyRows(curve, verifier, digest, entry, asked.statement.lists[entry]!, elements, bytes);
    } catch (error) {
      return { fault: `${list}, segment ${segment}: ${rejection(error)}` };
    }
    const { v } = domain(LIST_SIZES[list]);
    for (const { index, fields } of rows) {
      const values = Object.entries(fields).map(([name, { value }]) => [name, value] as const);
      found.push({ list, place: segment * v + index, fields: Object.fromEntries(values) as SampledRow['fields'] });
    }
  }
  return found;
}

/** Recomputes identifier, code and document of an opened row. Throws Rejected. */
function elementsOf({ manifest }: ProofContext, list: ListName, row: RowOpening): OpenedElements {
  const refuse = (why: string): never => {
    throw new Rejected(`row ${row.index}: ${why}`);
  };
  const fault = openingFieldsFault(list, row);
  if (fault !== null) refuse(fault);
  const fields: Record<string, unknown> = {};
  for (const [name, { value }] of Object.entries(row.fields)) {
    const why = valueFault(LIST_FIELDS[list][name]!.kind, value);
    if (why !== null) refuse(`${name}: ${why}`);
    fields[name] = value;
  }
  const hiddenCode = codeFields(list).find((name) => Object.hasOwn(row.hidden, name));
  if (hiddenCode !== undefined) refuse(`${hiddenCode} must be opened`);
  const scheme = columnsCommitment(manifest, list)!.id_scheme;
  const id = identifier(fields as Partial<ListRow>, scheme) ?? refuse(`the identifier (${scheme}) must be opened`);
  return {
    index: row.index,
    x: identifierElement(id),
    r: BigInt(codeOf(fields)),
    d: documentElement(openingLeaf(list, row)),
  };
}
