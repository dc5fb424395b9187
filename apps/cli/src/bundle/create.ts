import { CapError } from '@cap/core';
import { kidOfText, rfc3339 } from '@cap/crypto';
import { loadSigningKey } from '@cap/crypto/key-files';
import { appendAuditEvent, Project } from '@cap/prover';
import { backendByName, decodeContainer } from '@cap/proof';
import { writeBundle } from '@cap/proof/prove';
import { printResult, type CliIo } from '../io.js';
import { keyDirectory, keyPassphrase } from '../keys/key-directory.js';
import { writeOutput } from '../output.js';
import { verb } from '../verb.js';
import { README } from './readme.js';

/** Manifest, proof, _meta.json, signature: each is finished before the next one names it. */
export default verb({
  examples: ['cap bundle create --project project --key 5f0c… --out bundle.zip'],
  syntax: (command) =>
    command
      .requiredOption('--project <dir>', 'project directory with a proof')
      .requiredOption('--key <kid>', 'key to sign with: the one that the proof names')
      .requiredOption('--out <file>', 'the bundle')
      .option('--keys <dir>', "directory of the keys (default: the project's keys/)")
      .option('--label <text>', 'free text for people', 'cap bundle')
      .addHelpText(
        'after',
        '\nSOURCE_DATE_EPOCH sets the time in the bundle. The passphrase of the key is read from\nCAP_KEY_PASSPHRASE or the file named by CAP_KEY_PASSPHRASE_FILE.',
      ),
  run: async (io, options) => {
    const project = await Project.open(options.project);
    const manifest = await project.manifest();
    const { bytes: proof, record } = await project.proof();
    if (record.manifest_hash !== manifest.hash)
      throw new CapError(
        'proof.stale',
        `the proof is for the manifest ${record.manifest_hash}, but the project's is ${manifest.hash}; run cap prove again`,
      );
    const signer = kidOfText(record.statement.signer);
    if (options.key !== signer)
      throw new CapError(
        'option.key',
        `--key ${options.key.slice(0, 80)}: the proof names ${signer} as its signer, and is worthless under another signature; ` +
          `sign with --key ${signer}, or run cap prove again with --key`,
      );
    await project.audit(); // a broken audit log is reported before anything is written
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
  },
});

/** SOURCE_DATE_EPOCH (reproducible-builds.org): the time of creation, in seconds since 1970. */
function sourceDateEpoch(io: CliIo): number | undefined {
  const text = io.env.SOURCE_DATE_EPOCH;
  if (!text) return undefined;
  if (!/^\d{1,11}$/.test(text))
    throw new CapError('environment.malformed', `SOURCE_DATE_EPOCH: expected seconds since 1970, found ${text}`);
  return Number(text);
}
