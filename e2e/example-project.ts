/** The example project, from its lists to its signed bundle. Runs without a transform too: jest's global set-up imports it. */
import { cp, mkdtemp, readdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { capOk } from '../scripts/local-stack.mjs';

export const root = process.cwd();
export const example = (...parts: string[]) => path.join(root, 'examples', ...parts);
export const AS_OF = '2026-01-15';
export const POLICY = example('policies', 'lksg.v1.json');
export const SANCTIONS = `${example('sanctions.csv')}@${AS_OF}`;
export const JURISDICTIONS = `${example('jurisdictions.csv')}@${AS_OF}`;

export interface Project {
  directory: string;
  at(...parts: string[]): string;
  kid: string;
  trust: string;
  /** The signed disclosure bundle. */
  bundle: string;
}

export const temporaryDirectory = () => mkdtemp(path.join(tmpdir(), 'cap-e2e-'));

/** Lists to signed bundle with the `cap` binary, in a fresh directory. */
export async function makeProject(directory: string): Promise<void> {
  const { at, bundle, trust } = filesOf(directory);
  const project = at('project');
  await capOk(['prepare', '--suppliers', example('suppliers.csv'), '--ubos', example('ubos.csv'), '--out', project]);
  await buildManifest(project, 'merkle-blake3');
  const key = await capOk([
    'keys',
    'generate',
    '--keys',
    path.join(project, 'keys'),
    '--owner',
    'Musterwerk AG',
    '--json',
  ]);
  const { kid } = JSON.parse(key.stdout) as { kid: string };
  await capOk(['prove', '--project', project]);
  await capOk(['bundle', 'create', '--project', project, '--key', kid, '--out', bundle]);
  await capOk(['trust', 'init', '--out', trust]);
  await capOk([
    ...['trust', 'add', trust, '--signer', path.join(project, 'keys', `${kid}.pub`), '--company', 'Musterwerk AG'],
    ...['--reference-list', `sanctions=${SANCTIONS}`, '--reference-list', `jurisdictions=${JURISDICTIONS}`],
  ]);
}

function filesOf(directory: string) {
  const at = (...parts: string[]) => path.join(directory, ...parts);
  return { directory, at, bundle: at('bundle.zip'), trust: at('trust.json') };
}

/** A copy, in `directory`, of the project that the global set-up has made: the same lists, key and bundle in every suite. */
export async function copyProject(directory: string): Promise<Project> {
  await cp(process.env.E2E_EXAMPLE_PROJECT!, directory, { recursive: true });
  const files = filesOf(directory);
  const publicKey = (await readdir(files.at('project', 'keys'))).find((name) => name.endsWith('.pub'))!;
  return { ...files, kid: path.basename(publicKey, '.pub') };
}

export const buildManifest = (project: string, scheme: 'merkle-blake3' | 'kzg-columns') =>
  capOk([
    ...['manifest', 'build', '--project', project, '--policy', POLICY, '--scheme', scheme],
    ...['--sanctions', SANCTIONS, '--jurisdictions', JURISDICTIONS, '--company', 'Musterwerk AG'],
  ]);
