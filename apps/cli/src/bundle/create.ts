import { CapError } from '@cap/core';
import { kidOfText, loadSigningKey, rfc3339 } from '@cap/crypto';
import { appendAuditEvent, Project } from '@cap/prover';
import { backendByName, decodeContainer, writeBundle } from '@cap/proof';
import { printResult, type CliIo } from '../frame/io.js';
import { writeOutput } from '../frame/output.js';
import { keyDirectory, keyPassphrase } from '../keys/directory.js';
import { README } from './readme.js';

interface Options {
  project: string;
  key: string;
  out: string;
  keys?: string;
  label: string;
  json?: boolean;
}

/** Order of work: manifest, proof, _meta.json, signature; each is finished before the next names it. */
export async function create(io: CliIo, options: Options): Promise<void> {
  const project = await Project.open(options.project);
  const manifest = await project.manifest();
  const { bytes: proof, record } = await project.proof();
  if (record.manifest_hash !== manifest.hash)
    throw new CapError(
      'proof.stale',
      `the proof is of the manifest ${record.manifest_hash}, the project's is ${manifest.hash}; run cap prove again`,
    );
  const signer = kidOfText(record.statement.signer);
  if (options.key !== signer)
    throw new CapError(
      'option.key',
      `--key ${options.key.slice(0, 80)}: the proof names ${signer} as its signer, and under another signature it is worth nothing; ` +
        `sign with --key ${signer}, or prove anew with cap prove --key`,
    );
  await project.audit(); // a broken log is told before anything is written
  const key = await loadSigningKey(keyDirectory(options), options.key, io.now(), await keyPassphrase(io));
  const epoch = sourceDateEpoch(io);
  const disclosed = backendByName(record.backend)?.strength === 'disclosed';
  const { bytes, bundleId, meta } = writeBundle({
    label: options.label,
    createdAt: rfc3339(epoch === undefined ? io.now() : new Date(epoch * 1000)),
    manifest: manifest.bytes,
    proof,
    statement: record.statement,
    policy: Buffer.from((await project.policy()).canonicalText, 'utf8'),
    ...(disclosed ? { disclosure: decodeContainer(proof).payload } : {}),
    references: Object.fromEntries(
      [...(await project.referenceLists())].map(([id, { list }]) => [`${id}.csv`, list.bytes]),
    ),
    readme: README,
    signers: [key],
    ...(epoch === undefined ? {} : { sourceDateEpoch: epoch }),
  });
  await writeOutput(io, options.out, bytes);
  await appendAuditEvent(project.file('audit.jsonl'), rfc3339(io.now()), 'bundle.created', {
    bundle_id: bundleId,
    manifest_hash: manifest.hash,
    proof_hash: record.proof_hash,
    signer_kid: key.kid,
  });
  if (options.out === '-') return io.err(`bundle_id  ${bundleId}\n`);
  printResult(
    io,
    options,
    { bundle_id: bundleId, file: options.out, size: bytes.length, signer_kid: key.kid, meta },
    () => bundleId,
  );
  io.err(`${options.out}: ${bytes.length} bytes, signed by ${key.kid} (${key.record.owner}).\n`);
}

/** SOURCE_DATE_EPOCH (reproducible-builds.org): seconds since 1970 that stand for the time of making. */
function sourceDateEpoch(io: CliIo): number | undefined {
  const text = io.env.SOURCE_DATE_EPOCH;
  if (!text) return undefined;
  if (!/^\d{1,11}$/.test(text))
    throw new CapError('environment.malformed', `SOURCE_DATE_EPOCH: expected seconds since 1970, found ${text}`);
  return Number(text);
}
