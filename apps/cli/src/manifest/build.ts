import { randomUUID } from 'node:crypto';
import { rfc3339 } from '@cap/crypto';
import { Project, type ReferenceListInput } from '@cap/proof';
import { readInput } from '../frame/input.js';
import { printResult, type CliIo } from '../frame/io.js';
import { type ListOfDay } from '../frame/option-values.js';
import { readPolicy } from '../policy/read-policy.js';

interface Options {
  project: string;
  policy: string;
  sanctions?: ListOfDay;
  jurisdictions?: ListOfDay;
  company?: string;
  lei?: string;
  asOf?: string;
  json?: boolean;
}

export async function build(io: CliIo, options: Options): Promise<void> {
  const project = await Project.open(options.project);
  const now = rfc3339(io.now());
  const today = now.slice(0, 10);
  const referenceLists: ReferenceListInput[] = [];
  for (const id of ['sanctions', 'jurisdictions'] as const) {
    const list = options[id];
    if (list === undefined) continue;
    if (list.day === undefined) io.err(`${id}: no day given (${list.file}@YYYY-MM-DD), taken as of today, ${today}\n`);
    referenceLists.push({ id, bytes: await readInput(io, list.file), asOf: list.day ?? today });
  }
  const { manifest, hash } = await project.buildManifest({
    policy: await readPolicy(io, options.policy),
    referenceLists,
    company: { ...(options.company && { name: options.company }), ...(options.lei && { lei: options.lei }) },
    manifestId: randomUUID(),
    asOf: options.asOf ?? today,
    now,
  });
  printResult(io, options, { manifest_hash: hash, manifest }, () =>
    [
      `manifest_hash  ${hash}`,
      `policy         ${manifest.policy.id}@${manifest.policy.version}  ${manifest.policy.hash}`,
      ...manifest.reference_lists.map(({ id, hash, as_of }) => `${id.padEnd(15)}${hash}  as of ${as_of}`),
    ].join('\n'),
  );
}
