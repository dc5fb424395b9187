import { setTimeout as pause } from 'node:timers/promises';
import { EXIT, isCapError } from '@cap/core';
import {
  type Config,
  loadConfig,
  type LoadedConfig,
  parseServiceFlags,
  SERVICE_FLAGS_HELP,
  type ServiceName,
  VERSION,
} from '@cap/config';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { createService, type Service, type ServiceParts } from './create-service.js';
import { exitCodeOf } from './exit-code.js';
import { giveBackStartMemory } from './start-memory.js';
import { checkHealth, hasEnded } from './health-command.js';

/** A subcommand that runs the application without listening and ends with the exit code it returns. */
export interface ServiceCommand {
  readonly help: string;
  run(app: NestFastifyApplication, config: Config): Promise<number>;
}

export interface ServiceDefinition extends Omit<ServiceParts, 'binary'> {
  readonly binary: 'cap-verifier-api' | 'cap-registry' | 'cap-backup-worker';
  readonly role: ServiceName;
  /** One line for --help. */
  readonly description: string;
  readonly commands?: Readonly<Record<string, ServiceCommand>>;
}

const helpOf = ({ binary, description, commands = {} }: ServiceDefinition): string => {
  const rows = { 'health [--wait]': 'ask the running service whether it is ready', ...mapHelp(commands) };
  return [
    `${binary} ${VERSION}: ${description}`,
    '',
    'Examples:',
    `  ${binary} --config /etc/cap-verifier/app.yaml`,
    `  ${binary} health --wait`,
    '',
    'Commands:',
    ...Object.entries(rows).map(([name, help]) => `  ${name.padEnd(22)}  ${help}`),
    '',
    SERVICE_FLAGS_HELP,
    '',
  ].join('\n');
};
const mapHelp = (commands: Readonly<Record<string, ServiceCommand>>) =>
  Object.fromEntries(Object.entries(commands).map(([name, { help }]) => [name, help]));

const fail = (binary: string, error: unknown, code = exitCodeOf(error)): never => {
  const words =
    error instanceof Error ? (code === EXIT.internal ? (error.stack ?? error.message) : error.message) : String(error);
  for (const line of words.split('\n')) process.stderr.write(`${binary}: ${line}\n`);
  if (isCapError(error) && error.code === 'usage') process.stderr.write(`Try '${binary} --help'.\n`);
  process.exit(code);
};

/** `health` needs an address only, and the files of secrets may be out of its reach (a unit's credentials in ExecStartPost). */
const withoutSecretFiles = (environment: NodeJS.ProcessEnv): NodeJS.ProcessEnv =>
  Object.fromEntries(Object.entries(environment).filter(([name]) => !name.endsWith('_FILE')));

const SERVICE_FIRST_MS = 5_000;

/**
 * What `health --wait` reads is what the service that just starts reads. If it is wrong, the service has to say so first:
 * a service manager starts a program again unless that program's own exit code speaks against it.
 */
async function afterTheService(load: () => LoadedConfig): Promise<LoadedConfig> {
  try {
    return load();
  } catch (error) {
    const until = Date.now() + SERVICE_FIRST_MS;
    while (Date.now() < until && !hasEnded(process.env)) await pause(100);
    throw error;
  }
}

/** The `main` of a service: parses the command line, reads the configuration, serves until SIGTERM. Ends the process. */
export async function runService(
  definition: ServiceDefinition,
  args: readonly string[] = process.argv.slice(2),
): Promise<void> {
  const { binary } = definition;
  // Whoever does not read what is printed, or has no room for it, does not end a service.
  for (const stream of [process.stdout, process.stderr]) stream.on('error', () => undefined);
  try {
    const line = parseServiceFlags(args, ['health', ...Object.keys(definition.commands ?? {})]);
    if (line.help) return void process.stdout.write(helpOf(definition));
    if (line.version) return void process.stdout.write(`${binary} ${VERSION}\n`);
    const environment = line.command === 'health' ? withoutSecretFiles(process.env) : process.env;
    const load = (): LoadedConfig =>
      loadConfig({ role: definition.role, file: line.config, flags: line.flags, environment });
    const loaded = line.wait ? await afterTheService(load) : load();
    if (line.command === 'health')
      process.exit(
        await checkHealth(loaded.listen.management, line.wait, (words) =>
          process.stderr.write(`${binary}: ${words}\n`),
        ),
      );
    const service = await createService(definition, loaded);
    if (line.command !== undefined)
      process.exit(await runCommand(service, definition.commands![line.command]!, loaded.config));
    await serve(binary, service, load);
  } catch (error) {
    fail(binary, error);
  }
}

async function runCommand(service: Service, command: ServiceCommand, config: Config): Promise<number> {
  try {
    return await command.run(service.app, config);
  } finally {
    await service.app.close();
  }
}

async function serve(binary: string, service: Service, load: () => LoadedConfig): Promise<void> {
  const log = service.logs.for('service');
  const crash = (error: unknown): never => {
    log.error('uncaught error, the service ends', { error });
    return fail(binary, error, EXIT.internal); // on stderr too: the log may be what can't be written
  };
  process.on('uncaughtException', crash);
  process.on('unhandledRejection', crash);
  const end = (signal: string) => {
    log.info('stopping', { signal });
    service.stop().then(() => process.exit(0), crash);
  };
  // Before listening: a signal that comes early must not kill a half-open service.
  process.once('SIGTERM', end);
  process.once('SIGINT', end);
  process.on('SIGHUP', () => {
    try {
      service.reload(load().config).catch(crash);
    } catch (error) {
      log.error("the configuration can't be reloaded, the old one stays in use", { error });
    }
  });
  giveBackStartMemory();
  await service.listen();
}
