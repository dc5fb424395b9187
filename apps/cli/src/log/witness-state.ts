import { open, unlink } from 'node:fs/promises';
import { CapError, parseJson, systemCode, type JsonObject, type JsonValue } from '@cap/core';
import { writeError, writeFileDurable } from '@cap/core/files';
import type { TreeHead } from '@cap/tlog/consistency';
import { exists, readInput } from '../input.js';
import type { CliIo } from '../io.js';

const SCHEMA = 'cap-witness.v1';

/** The last tree of each log that a witness cosigned: `{schema, logs{origin: {size, root (base64)}}}`. */
export class WitnessState {
  private constructor(
    private readonly file: string,
    private readonly logs: Map<string, TreeHead>,
  ) {}

  /** A witness that has not cosigned anything has no file. Throws CapError `witness.state` for a malformed one. */
  static async open(io: CliIo, file: string): Promise<WitnessState> {
    if (!(await exists(file))) return new WitnessState(file, new Map());
    const value = parseJson(await readInput(io, file), file);
    const malformed = (why: string): never => {
      throw new CapError('witness.state', `${file}: ${why}`);
    };
    if (!isObject(value) || value.schema !== SCHEMA || !isObject(value.logs))
      return malformed(`not a witness state file (${SCHEMA})`);
    const logs = Object.entries(value.logs).map(
      ([origin, head]) => [origin, parseHead(origin, head) ?? malformed(`logs: ${origin}: not {size, root}`)] as const,
    );
    return new WitnessState(file, new Map(logs));
  }

  last(origin: string): TreeHead | null {
    return this.logs.get(origin) ?? null;
  }

  /** Every known origin. */
  get origins(): string[] {
    return [...this.logs.keys()];
  }

  /** Durable once it resolves: only then may the cosignature be handed out. */
  async remember({ origin, size, root }: TreeHead): Promise<void> {
    this.logs.set(origin, { origin, size, root });
    const logs = Object.fromEntries([...this.logs].map(([name, head]) => [name, headJson(head)]));
    try {
      await writeFileDurable(this.file, `${JSON.stringify({ schema: SCHEMA, logs }, null, 2)}\n`);
    } catch (cause) {
      throw writeError(this.file, cause);
    }
  }
}

/** Two cosigners at once could cosign two different trees. Throws CapError `witness.busy` while another one has the lock. */
export async function withLock<T>(stateFile: string, work: () => Promise<T>): Promise<T> {
  const lock = `${stateFile}.lock`;
  try {
    await (await open(lock, 'wx')).close();
  } catch (cause) {
    if (systemCode(cause) !== 'EEXIST') throw writeError(lock, cause);
    throw new CapError('witness.busy', `another cosign is running; if it was interrupted, remove ${lock}`);
  }
  try {
    return await work();
  } finally {
    await unlink(lock);
  }
}

const ROOT = /^[A-Za-z0-9+/]{43}=$/;

function parseHead(origin: string, value: JsonValue): TreeHead | null {
  if (!isObject(value)) return null;
  const { size, root } = value;
  if (!Number.isSafeInteger(size) || (size as number) < 0 || typeof root !== 'string' || !ROOT.test(root)) return null;
  return { origin, size: size as number, root: Buffer.from(root, 'base64') };
}

const headJson = ({ size, root }: TreeHead): JsonObject => ({ size, root: root.toString('base64') });

const isObject = (value: JsonValue | undefined): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
