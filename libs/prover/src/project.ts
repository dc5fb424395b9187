import { readdir } from 'node:fs/promises';
import path from 'node:path';
import { CapError, isCanonicalJson, jcs } from '@cap/core';
import { digestBytes, digestText, sha3Text, type Digest } from '@cap/crypto';
import type { ChainEvent } from '@cap/tlog';
import { compilePolicy, type CompiledPolicy, type ListCoverage, listCoverage, parsePolicyText } from '@cap/policy';
import { type NamedReferenceList, ReferenceList, referenceListKind } from '@cap/lists/reference-lists';
import type { BackendName, Statement } from '@cap/proof';
import {
  encodeContainer,
  buildManifest,
  manifestHash,
  type BackendProver,
  type ProverList,
  type ProvingContext,
  type ProvingOptions,
  proverFor,
} from '@cap/proof/prove';
import { parseManifest, type Commitment, type CommitmentScheme, type Manifest } from '@cap/proof/manifest';
import { appendAuditEvent, readAuditLog } from './audit.js';
import { AUDIT_HEAD } from './audit-head.js';
import { commitToLists, LISTS, type PrepareInput } from './commit-lists.js';
import { makeDirectory, modeIfPresent, parseFile, readIfPresent, readMade, removeAll, writeFile } from './files.js';
import { assertNoLintErrors, assertStatement, readReferenceList, type ReferenceListInput } from './inputs.js';
import { refuseOccupied } from './place.js';
import {
  committedListSchema,
  commitmentsSchema,
  proofRecordSchema,
  secretsSchema,
  type ProofRecord,
} from './records.js';

/** manifest.json as it was read. */
interface BuiltManifest {
  manifest: Manifest;
  bytes: Buffer;
  hash: Digest;
}

/** Undoes PrepareInput.protect. */
export type Reveal = (encrypted: Uint8Array) => Promise<Uint8Array>;

/**
 * The prover's working directory, which `cap prepare` makes:
 *
 *   lists/suppliers.json, lists/ubos.json   typed rows in leaf order (0600)
 *   secrets.json | secrets.json.age         the salts (0600); without them nothing can be disclosed any more
 *   commitments.json                        under each scheme, the manifest takes one; written last: a directory without it
 *                                           is no project yet
 *   audit.jsonl, audit.head                 what was done, hash-chained; the last event of it
 *   policy.json  reference/<id>.csv  manifest.json      `cap manifest build`
 *   proof.capz  proof.json                              `cap prove`
 */
export class Project {
  private constructor(readonly directory: string) {}

  /**
   * Commits to the lists and writes a new project directory (0700). Throws CapError `list.invalid` for rows without or
   * with equal identifiers, `cannot-create` when there can't be a project: `project.exists` where one is already,
   * `project.occupied` where something else is.
   */
  static async prepare(directory: string, input: PrepareInput): Promise<Project> {
    const project = new Project(directory);
    await refuseOccupied(directory);
    const { committed, commitments, secrets } = await commitToLists(input);

    await makeDirectory(directory, 0o700);
    await makeDirectory(project.file('lists'), 0o700);
    // Otherwise leftovers of an interrupted run would stay beside the new file.
    for (const name of ['secrets.json', 'secrets.json.age', 'audit.jsonl', AUDIT_HEAD])
      await removeAll(project.file(name));
    if (input.protect) await project.write('secrets.json.age', await input.protect(secrets), 0o600);
    else await project.write('secrets.json', secrets, 0o600);
    for (const { commitment, rows, lines } of committed)
      await project.write(
        `lists/${commitment.list}.json`,
        jcs({ schema: 'cap-list.v1', list: commitment.list, rows, lines }),
        0o600,
      );
    await appendAuditEvent(project.file('audit.jsonl'), input.now, 'lists.committed', {
      commitments_hash: sha3Text(jcs(commitments)),
    });
    await project.write('commitments.json', jcs({ schema: 'cap-commitments.v1', commitments }));
    return project;
  }

  /** Throws CapError `project.incomplete` when the directory holds no project. */
  static async open(directory: string): Promise<Project> {
    const project = new Project(directory);
    await project.commitments();
    return project;
  }

  file(name: string): string {
    return path.join(this.directory, name);
  }

  async commitments(): Promise<Commitment[]> {
    const file = this.file('commitments.json');
    return parseFile(file, await readMade(file, 'cap prepare'), commitmentsSchema).commitments;
  }

  /** The rows with their salts. `reveal` is needed when the secrets are encrypted. */
  async lists(reveal?: Reveal): Promise<ProverList[]> {
    const secrets = await this.secrets(reveal);
    return Promise.all(
      LISTS.map(async (list) => {
        const file = this.file(`lists/${list}.json`);
        const { rows, lines } = parseFile(file, await readMade(file, 'cap prepare'), committedListSchema(list));
        return { list, rows, lines, secrets: secrets.lists[list], columnsSeed: digestBytes(secrets.columns_seed) };
      }),
    );
  }

  /** The files with rows or salts that others than their owner may read or write, with their modes. */
  async exposedFiles(): Promise<{ file: string; mode: number }[]> {
    const files = ['secrets.json', ...LISTS.map((list) => `lists/${list}.json`)].map((name) => this.file(name));
    const modes = await Promise.all(files.map(async (file) => ({ file, mode: await modeIfPresent(file) })));
    return modes.filter(({ mode }) => (mode & 0o077) !== 0);
  }

  private async secrets(reveal: Reveal | undefined) {
    const plain = this.file('secrets.json');
    let bytes: Uint8Array | null = await readIfPresent(plain);
    if (bytes === null) {
      const encrypted = await readIfPresent(`${plain}.age`);
      if (encrypted === null)
        throw new CapError(
          'project.incomplete',
          `${plain}: no such file; it holds the salts of these lists, without which nothing can be proved from them: ` +
            'put it back from a copy, or run cap prepare again for another directory',
        );
      if (!reveal)
        throw new CapError(
          'project.secrets',
          `${plain}: no such file, only ${path.basename(plain)}.age; name an age identity that opens it (--identity)`,
        );
      bytes = await reveal(encrypted);
    }
    return parseFile(plain, bytes, secretsSchema);
  }

  audit(): Promise<ChainEvent[]> {
    return readAuditLog(this.file('audit.jsonl'));
  }

  /**
   * Writes policy.json, reference/ and manifest.json. A proof of an earlier manifest is removed, for it proves nothing
   * about this one. Throws CapError `input`: `policy.invalid` for a policy with lint errors, `list.invalid` for a bad list, `list.empty` for one that can tell nothing of
   * firms nor of persons. `coverage` says how much of a list each rule can compare.
   */
  async buildManifest(input: {
    policy: CompiledPolicy;
    referenceLists: readonly ReferenceListInput[];
    /** Commitment scheme of both lists; kzg-columns.v1 if omitted. A Merkle commitment shows the number of rows. */
    scheme?: CommitmentScheme;
    company: { name?: string; lei?: string };
    manifestId: string;
    /** YYYY-MM-DD or RFC 3339 UTC: when the company's lists were right. */
    asOf: string;
    /** RFC 3339 UTC. */
    now: string;
  }): Promise<{ manifest: Manifest; hash: Digest; coverage: ListCoverage[] }> {
    assertNoLintErrors(input.policy);
    const lists = input.referenceLists.map((list) => readReferenceList(list, input.now));
    const coverage = listCoverage(input.policy, new Map(lists.map((list) => [list.id, list])));
    const events = await this.audit();
    const { manifest, bytes, hash } = buildManifest({
      manifestId: input.manifestId,
      company: input.company,
      createdAt: input.now,
      asOf: input.asOf,
      policy: input.policy,
      commitments: (await this.commitments()).filter(({ scheme }) => scheme === (input.scheme ?? 'kzg-columns.v1')),
      referenceLists: lists.map(({ id, as_of, list }) => ({ id, as_of, hash: list.hash })),
      audit: { tail_digest: events.at(-1)!.digest, events_count: events.length },
    });
    for (const name of ['proof.capz', 'proof.json', 'manifest.json', 'reference']) await removeAll(this.file(name));
    await this.write('policy.json', input.policy.canonicalText);
    await makeDirectory(this.file('reference'));
    for (const { id, list } of lists) await this.write(`reference/${id}.csv`, list.bytes);
    await this.write('manifest.json', bytes);
    await appendAuditEvent(this.file('audit.jsonl'), input.now, 'manifest.built', {
      manifest_hash: hash,
      policy_hash: input.policy.policy_hash,
    });
    return { manifest, hash, coverage };
  }

  async manifest(): Promise<BuiltManifest> {
    const file = this.file('manifest.json');
    const bytes = await readMade(file, 'cap manifest build');
    const manifest = parseManifest(bytes);
    if (!isCanonicalJson(bytes, manifest))
      throw new CapError('manifest.canonical', `${file}: not canonical JSON; run cap manifest build again`);
    return { manifest, bytes, hash: manifestHash(bytes) };
  }

  /** The policy that the manifest names. */
  async policy(built?: BuiltManifest): Promise<CompiledPolicy> {
    const file = this.file('policy.json');
    const policy = compilePolicy(parsePolicyText(await readMade(file, 'cap manifest build'), file), {
      lintMode: 'relaxed', // style was checked when the manifest was built
    });
    assertNoLintErrors(policy);
    const { manifest } = built ?? (await this.manifest());
    if (policy.policy_hash !== manifest.policy.hash)
      throw new CapError(
        'policy.hash',
        `${file} has the hash ${policy.policy_hash}, the manifest names ${manifest.policy.hash}`,
      );
    return policy;
  }

  /** The contents of the manifest's reference lists. Refuses a file whose hash the manifest does not name. */
  async referenceLists(built?: BuiltManifest): Promise<Map<string, NamedReferenceList>> {
    const { manifest } = built ?? (await this.manifest());
    const named = new Map(manifest.reference_lists.map((entry) => [`${entry.id}.csv`, entry]));
    const stray = (await readdir(this.file('reference')).catch(() => [])).find((name) => !named.has(name));
    if (stray !== undefined)
      throw new CapError(
        'list.unnamed',
        `${this.file(`reference/${stray}`)}: the manifest does not name this list; run cap manifest build again`,
      );
    const lists = new Map<string, NamedReferenceList>();
    for (const [name, { id, hash, as_of }] of named) {
      const file = this.file(`reference/${name}`);
      const list = new ReferenceList(await readMade(file, 'cap manifest build'), name);
      if (list.hash !== hash)
        throw new CapError(
          'list.unnamed',
          `${file} has the hash ${list.hash}, the manifest names ${hash}; run cap manifest build again`,
        );
      lists.set(id, { id, kind: referenceListKind(id), as_of, list });
    }
    return lists;
  }

  /**
   * Proves the manifest's policy and writes proof.capz and proof.json. Throws what proverFor and the backend's prove throw
   * (a false rule: `refused` / `proof.false-statement`); nothing is written then.
   */
  async prove(
    backendName: BackendName,
    statement: Statement,
    { reveal, built, ...options }: ProvingOptions & { reveal?: Reveal; built?: BuiltManifest } = {},
  ): Promise<ProofRecord> {
    const own = built ?? (await this.manifest());
    const prover = proverFor(own.manifest, backendName);
    assertStatement(statement);
    await this.audit(); // a log that nothing can be added to is said before the work, not after it
    const context = await this.proofContext(statement, own);
    const lists = await this.lists(reveal);
    return this.writeProof(prover, context, lists, options);
  }

  /** What a proof of the project's policy with this statement is about. */
  async proofContext(statement: Statement, built?: BuiltManifest): Promise<ProvingContext> {
    const own = built ?? (await this.manifest());
    const policy = await this.policy(own);
    return {
      manifest: own.manifest,
      manifestHash: own.hash,
      policy,
      policyHash: policy.policy_hash,
      statement,
      referenceLists: await this.referenceLists(own),
    };
  }

  private async writeProof(
    { backend, prove }: BackendProver,
    context: ProvingContext,
    lists: ProverList[],
    options: ProvingOptions,
  ): Promise<ProofRecord> {
    const parts = await prove(context, lists, options);
    const bytes = encodeContainer({ backendId: backend.id, ...parts });
    const record: ProofRecord = {
      schema: 'cap-proof-record.v2',
      backend: backend.name,
      proof_hash: sha3Text(bytes),
      manifest_hash: context.manifestHash,
      policy_hash: context.policyHash,
      vk_hash: digestText(parts.vkHash),
      statement: context.statement,
    };
    // The record goes first and comes back last, so that it never describes another proof than the one beside it.
    await removeAll(this.file('proof.json'));
    await this.write('proof.capz', bytes);
    await this.write('proof.json', jcs(record));
    await appendAuditEvent(this.file('audit.jsonl'), context.statement.issued_at, 'proof.made', {
      backend: backend.name,
      proof_hash: record.proof_hash,
      manifest_hash: record.manifest_hash,
    });
    return record;
  }

  /** The proof and what it states, as `prove` left them. */
  async proof(): Promise<{ bytes: Buffer; record: ProofRecord }> {
    const file = this.file('proof.json');
    const record = parseFile(file, await readMade(file, 'cap prove'), proofRecordSchema);
    const bytes = await readMade(this.file('proof.capz'), 'cap prove');
    if (sha3Text(bytes) !== record.proof_hash)
      throw new CapError('proof.stale', `${this.file('proof.capz')} does not match ${file}; run cap prove again`);
    return { bytes, record };
  }

  private write(name: string, data: Uint8Array | string, mode?: number): Promise<void> {
    return writeFile(this.file(name), data, mode === undefined ? {} : { mode });
  }
}
