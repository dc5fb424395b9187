/** `npm start`: the three services on their usual loopback ports with a development issuer; state is kept in .start/. */
import { access, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { capOk, prepareStack, stopAll } from './local-stack.mjs';
import { root } from './setup.mjs';

const work = path.join(root, '.start');
const trust = path.join(work, 'trust.json');
const exists = (file) =>
  access(file).then(
    () => true,
    () => false,
  );
const say = (text) => process.stdout.write(`${text}\n`);

await mkdir(work, { recursive: true, mode: 0o700 });
if (!(await exists(trust))) await capOk(['trust', 'init', '--out', trust]);
// Keys and tokens are new at each start; the registry's data and the backups stay.
for (const folder of ['issuer', 'config']) await rm(path.join(work, folder), { recursive: true, force: true });
const stack = await prepareStack(work, { trust, ports: { verifier: 8080, registry: 8081, backup: 8082 } });
const services = [stack.start.registry()];
const stop = async (code) => {
  process.exitCode = code;
  await stopAll([...services].reverse()).catch((error) => {
    process.stderr.write(`start: ${error.message}\n`);
    process.exitCode = 1;
  });
};
for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => void stop(0));
try {
  await services[0].ready();
  services.push(stack.start.verifier(), stack.start.backup());
  await Promise.all(services.slice(1).map((service) => service.ready()));
  const token = await stack.token('verify:read registry:write policy:write', '--expires-in', '86400');
  await writeFile(path.join(work, 'token'), token, { mode: 0o600 });
  say(`verifier API   ${stack.verifierUrl}   registry ${stack.registryUrl}   backup worker ${stack.backupUrl}`);
  say(`access token   ${path.relative(root, path.join(work, 'token'))} (all scopes, one day), e.g.`);
  say(`  curl -H "Authorization: Bearer $(cat .start/token)" ${stack.verifierUrl}/registry/entries`);
  say('Ctrl-C stops all three; the registry’s data stays in .start/data.');
  const first = await Promise.race(services.map(async (service) => ({ service, exit: await service.exited })));
  if (process.exitCode === undefined) {
    process.stderr.write(
      `start: ${first.service.program} ended with ${first.exit.signal ?? first.exit.code}\n${(await readFile(path.join(work, 'logs', `${first.service.program.replace(/^cap-|-api$|-worker$/g, '')}.log`), 'utf8')).slice(-2_000)}\n`,
    );
    await stop(1);
  }
} catch (error) {
  process.stderr.write(`start: ${error.message}\n`);
  await stop(1);
}
