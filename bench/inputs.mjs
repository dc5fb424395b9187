/** What the bench sends: bundles of the example lists cut to about 8 KB, signed anew for each request, and one of 10 MB. */
import { randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { root } from '../scripts/setup.mjs';
import { publicKeyText } from '../libs/crypto/dist/index.js';
import { generateKey } from '../libs/crypto/dist/key-files.js';
import { compilePolicy, parsePolicyText } from '../libs/policy/dist/index.js';
import { readSuppliers, readUbos } from '../libs/lists/dist/intake.js';
import { backendByName } from '../libs/proof/dist/index.js';
import { writeBundle } from '../libs/proof/dist/prove.js';
import { Project } from '../libs/prover/dist/index.js';
import { addToTrust, emptyTrustDocument, trustDocumentBytes } from '../libs/verify/dist/trust.js';

const example = (...parts) => path.join(root, 'examples', ...parts);
export const AS_OF = '2026-01-15';
export const POLICY = example('policies', 'lksg.v1.json');
export const LISTS = ['sanctions', 'jurisdictions'].map((id) => ({ id, file: example(`${id}.csv`) }));
/** Suppliers that are left in, so that a disclosure of all of them makes a bundle of about 8 KB. */
const SUPPLIERS = 16;
const MADE_AT = '2026-01-16T00:00:00Z';

async function* firstLines(file, count) {
  yield Buffer.from(
    `${(await readFile(file, 'utf8'))
      .split('\n')
      .slice(0, count + 1)
      .join('\n')}\n`,
  );
}

/** A project, its key and the trust store that knows the key. */
export async function makeInputs(directory) {
  const project = await Project.prepare(path.join(directory, 'project'), {
    suppliers: await readSuppliers(firstLines(example('suppliers.csv'), SUPPLIERS), { file: 'suppliers.csv' }),
    ubos: await readUbos(firstLines(example('ubos.csv'), 5), { file: 'ubos.csv' }),
    files: { suppliers: 'suppliers.csv', ubos: 'ubos.csv' },
    now: MADE_AT,
  });
  const manifest = {
    policy: compilePolicy(parsePolicyText(await readFile(POLICY), POLICY)),
    referenceLists: await Promise.all(
      LISTS.map(async ({ id, file }) => ({ id, bytes: await readFile(file), asOf: AS_OF })),
    ),
    company: { name: 'Musterwerk AG' },
    manifestId: '11111111-2222-4333-8444-555555555555',
    asOf: AS_OF,
    now: MADE_AT,
  };
  const key = await generateKey(path.join(directory, 'keys'), {
    owner: 'Musterwerk AG',
    validFrom: new Date('2026-01-01T00:00:00Z'),
    validDays: 3650,
    usage: ['bundle'],
  });
  const { kid, publicKey, record } = key;
  const statement = { signer: publicKeyText(publicKey), issued_at: MADE_AT };
  const { owner, valid_from, valid_to } = record;
  const signer = {
    ...{ kid, public_key: statement.signer, owner, company: { name: 'Musterwerk AG' } },
    ...{ valid_from, valid_to },
  };
  return {
    project,
    statement,
    trust: trustDocumentBytes(addToTrust(emptyTrustDocument(), { signer })),
    /** `count` bundles of one proof, each signed under a label of its own, so that each is a new one. The project's manifest is made anew. */
    async bundles(backend, count, more = {}) {
      const [scheme] = backendByName(backend).schemes;
      await project.buildManifest({ ...manifest, scheme });
      await project.prove(backend, statement);
      const parts = {
        createdAt: MADE_AT,
        manifest: (await project.manifest()).bytes,
        proof: (await project.proof()).bytes,
        statement,
        policy: Buffer.from((await project.policy()).canonicalText),
        signers: [key],
        ...more,
      };
      return Array.from({ length: count }, (_, i) => writeBundle({ ...parts, label: `${backend} ${i}` }).bytes);
    },
    /** A bundle of about `bytes` bytes that nothing compresses. */
    async large(bytes) {
      const filler = randomBytes(bytes).toString('latin1');
      return (await this.bundles('mock', 1, { references: { 'filler.csv': Buffer.from(filler, 'latin1') } }))[0];
    },
  };
}
