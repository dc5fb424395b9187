import type { SecretColumns } from './columns.js';
import { FIELD_ORDER } from './field.js';
import { Identities, OPENED, type Challenges, type ListView } from './identities.js';
import type { JobScheduler } from './job-scheduler.js';
import { evaluate, type Polynomial } from './polynomial.js';
import {
  combined,
  committed,
  counted,
  honestSteps,
  multiplied,
  quotientOf,
  running,
  stated,
  type CommitmentState,
  type ProverSteps,
  type RunningState,
} from './prover-rounds.js';
import { firstWitness, proverClaims, secondWitness } from './shplonk.js';
import { statementDigest, type ZkStatement } from './statement.js';
import { MessageWriter, Transcript } from './transcript.js';

interface ProvingSettings {
  /** Called after each of the steps. */
  progress?(done: number, of: number): void;
  /** The rules of the protocol; tests leave one out. */
  identities?: Identities;
  steps?: ProverSteps;
}

const STEPS = 8;

/**
 * Makes a proof of kzg-columns.v1: the rounds in order, each of which sends its messages before the next challenge is drawn.
 * `secrets` in the order of the statement's lists. Throws FalseStatement when it does not hold of them, Rejected when it has no
 * meaning. Not constant time: it belongs on a machine that nobody shares.
 */
export async function proveStatement(
  statement: ZkStatement,
  secrets: readonly SecretColumns[],
  scheduler: JobScheduler,
  { progress, identities = new Identities(), steps = honestSteps }: ProvingSettings = {},
): Promise<Buffer> {
  steps.check(statement);
  const transcript = new Transcript(statementDigest(statement));
  const messages = new MessageWriter(transcript);
  let done = 0;
  const advance = () => progress?.(++done, STEPS);

  const counts = stated(statement, secrets).map((state) => counted(state, steps));
  const products = await multiplied(counts, scheduler, steps);
  advance();
  const first = await committed(products, scheduler, steps);
  advance();
  await sendColumns(messages, first, scheduler);
  advance();
  const rho = transcript.challenge('rho');
  const second = first.map((state) => combined(state, first, rho, identities, steps));
  for (const point of await scheduler.commitments(second.map(({ columns }) => columns.p))) messages.point('p', point);
  advance();
  const alpha = transcript.challenge('alpha');
  const beta = transcript.challenge('beta');
  const third = second.map((state) => running(state, { alpha, beta }, steps));
  await sendRunningColumns(messages, third, scheduler);
  advance();
  const gamma = transcript.challenge('gamma');
  const quotient = quotientOf(third, { alpha, beta }, gamma, identities, steps);
  messages.point('q', (await scheduler.commitments([quotient]))[0]!);
  advance();
  const zeta = transcript.challenge('zeta');
  const challenges = { rho, alpha, beta, gamma, zeta };
  const views = third.map((state) => viewOf(state, challenges));
  for (const { opened } of views) for (const name of OPENED) messages.scalar(name, opened[name]);
  const claims = proverClaims(identities.claims(views, quotient, challenges));
  const nu = transcript.challenge('nu');
  const witness = firstWitness(claims, nu);
  messages.point('W', (await scheduler.commitments([witness]))[0]!);
  advance();
  const y = transcript.challenge('y');
  messages.point("W'", (await scheduler.commitments([secondWitness(claims, witness, nu, y)]))[0]!);
  advance();
  return messages.bytes();
}

async function sendColumns(
  messages: MessageWriter,
  states: readonly CommitmentState[],
  scheduler: JobScheduler,
): Promise<void> {
  const named = states.flatMap(({ columns: { a, m, A, q } }): [string, Polynomial][] => [
    ['a', a],
    ['m', m],
    ['A', A],
    ...q.map((cofactor, j): [string, Polynomial] => [`q${j}`, cofactor]),
  ]);
  const points = await scheduler.commitments(named.map(([, polynomial]) => polynomial));
  named.forEach(([label], i) => messages.point(label, points[i]!));
}

async function sendRunningColumns(
  messages: MessageWriter,
  states: readonly RunningState[],
  scheduler: JobScheduler,
): Promise<void> {
  const points = await scheduler.commitments(states.flatMap(({ columns }) => [columns.z, columns.h]));
  states.forEach(({ valueOfA, slopeOfA }, i) => {
    messages.point('z', points[2 * i]!);
    messages.point('h', points[2 * i + 1]!);
    messages.scalar('A(alpha)', valueOfA);
    messages.scalar("A'(alpha)", slopeOfA);
  });
}

function viewOf(state: RunningState, { alpha, zeta }: Challenges): ListView<Polynomial> {
  const { columns, domain, table, chunks } = state;
  const next = (zeta * domain.w) % FIELD_ORDER;
  return {
    ...state,
    opened: {
      a: evaluate(columns.a, zeta),
      aNext: evaluate(columns.a, next),
      z: evaluate(columns.z, zeta),
      zNext: evaluate(columns.z, next),
      h: evaluate(columns.h, zeta),
      hNext: evaluate(columns.h, next),
      m: evaluate(columns.m, zeta),
    },
    chunksAtAlpha: chunks.map((chunk) => evaluate(chunk, alpha)),
    tableAtZeta: evaluate(table.coefficients, zeta),
  };
}
