/**
 * One typed configuration: app.yaml with auth.yaml and tls.yaml beside it < environment < flags.
 *
 *     const { config, listen, warnings } = loadConfig({ role: 'verifier', file: 'app.yaml', environment: process.env });
 *
 * throws a ConfigError (exit 78) that lists every problem with its file, key and expectation.
 */
export { ConfigError, type ConfigProblem } from './errors.js';
export { type ConfigKey } from './config-key.js';
export { type Config, isPostgresUrl, type OauthConfig, type S3Location } from './schema.js';
export { type LoadInput, type LoadedConfig, loadConfig } from './load.js';
export { type FlagValue, parseServiceFlags, SERVICE_FLAGS_HELP, type ServiceCommandLine } from './flags.js';
export {
  type Address,
  DEFAULT_LISTENERS,
  formatAddress,
  isLoopback,
  type ListenPlan,
  parseAddress,
  type Role,
  type ServiceName,
} from './listen.js';
export { differences } from './entries.js';
export { levelOf, LOG_LEVELS, type LogLevel, type LogLevels, parseLogLevels } from './log-levels.js';
export { RESERVED_VARIABLES } from './environment.js';
export { maskConfig, showConfig } from './show.js';
export { certificatesOf, checkedTlsPair, type CheckedTlsPair, readTlsPair } from './tls-pair.js';
export { VERSION } from './version.js';
