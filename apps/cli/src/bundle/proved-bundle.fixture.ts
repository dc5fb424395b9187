import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { cap, scratch } from '../cli.fixture.js';

/** A bundle over the example lists, made with the command line, and what a verifier may hold to judge it by. */
export interface ProvedBundle {
  /** A file of the scratch directory that holds project/, bundle.zip, policy.json and trust.json. */
  at(...names: string[]): string;
  kid: string;
}

const POLICY = {
  version: 'lksg.v1',
  name: 'Few suppliers, known owners',
  created_at: '2025-11-06T10:00:00Z',
  constraints: { require_at_least_one_ubo: true, supplier_count_max: 100, require_statement_roots: ['sanctions_root'] },
  notes: '',
};

/** The lists are as of 2025-11-01; trust.json knows the signer (Compliance) and nothing else. */
export async function provedBundle({
  company = 'ACME GmbH',
  label = 'November',
  owner = 'Compliance',
} = {}): Promise<ProvedBundle> {
  const home = await scratch();
  const at = (...names: string[]) => path.join(home, ...names);
  await writeFile(at('policy.json'), JSON.stringify(POLICY));
  const project = ['--project', at('project')];
  await done('prepare', '--suppliers', 'examples/suppliers.csv', '--ubos', 'examples/ubos.csv', '--out', at('project'));
  const kid = (await done('keys', 'generate', ...project, '--owner', owner)).trim();
  const lists = ['--sanctions', 'examples/sanctions.csv@2025-11-01', '--scheme', 'merkle-blake3'];
  await done('manifest', 'build', ...project, '--policy', at('policy.json'), ...lists, '--company', company);
  const statement = ['--audience', 'auditor', '--nonce', 'n-1', '--expires-at', '2025-12-31T00:00:00Z'];
  await done('prove', ...project, '--backend', 'disclosure', ...statement);
  await done('bundle', 'create', ...project, '--key', kid, '--label', label, '--out', at('bundle.zip'));
  await done('trust', 'init', '--out', at('trust.json'));
  await done('trust', 'add', at('trust.json'), '--signer', at('project', 'keys', `${kid}.pub`), '--company', company);
  return { at, kid };
}

async function done(...argv: string[]): Promise<string> {
  const { code, out, err } = await cap(argv);
  if (code !== 0) throw new Error(`cap ${argv.join(' ')} ended with ${code}: ${err}`);
  return out;
}
