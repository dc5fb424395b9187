/** jest's global set-up of the end-to-end suites: the example project, made once for all of them. */
import { rm } from 'node:fs/promises';
import { makeProject, temporaryDirectory } from './example-project.ts';

let directory;

export default async function make() {
  directory = await temporaryDirectory();
  process.env.E2E_EXAMPLE_PROJECT = directory;
  await makeProject(directory);
}

export const remove = () => rm(directory, { recursive: true, force: true });
