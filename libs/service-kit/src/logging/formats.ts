import { format, type Logform } from 'winston';
import type { LogLevel } from '@cap/config';
import { type ModuleLevels, RANK } from './module-levels.js';
import { redactField, redactMessage } from './redact.js';

/** Levels of nest-winston that are a trace and an error here. */
export const NEST_LEVELS = { verbose: RANK.trace, fatal: RANK.error };

const isLevel = (level: string): level is LogLevel => Object.hasOwn(RANK, level);
const levelOf = (level: string): LogLevel => (isLevel(level) ? level : level === 'verbose' ? 'trace' : 'error');

/** Names the module of lines that Nest's loggers write, and takes their stack out of the list that nest-winston puts it in. */
const fromNest = format((info) => {
  info.level = levelOf(info.level);
  if (typeof info['context'] !== 'string') info['context'] = 'service';
  if (Array.isArray(info['stack'])) info['stack'] = info['stack'][0] as unknown;
  return info;
});

/** Nest logs an error while it starts, and throws it on: runService says it then, without a stack that nobody needs. */
const withoutStartErrors = format((info) => info['context'] !== 'ExceptionHandler' && info);

/** Leaves out what its module's level leaves out. */
const levelPerModule = (levels: ModuleLevels) =>
  format((info) => levels.pass(levelOf(info.level), info['context'] as string) && info)();

/** The fields of a line in their order. */
const fields = (service: string) =>
  format(({ level, message: msg, context: module, ...info }) => ({
    ts: new Date().toISOString(),
    level,
    service,
    module,
    msg,
    ...info,
    message: undefined,
  }))();

/** Masks secrets, and cuts what has no end. */
const redact = format((info) => {
  info['msg'] = redactMessage(String(info['msg']));
  for (const name in info) if (name !== 'msg') info[name] = redactField(name, info[name]);
  return info;
});

/** A record as a JSON line. */
export const lineFormat = (service: string, levels: ModuleLevels): Logform.Format =>
  format.combine(
    fromNest(),
    withoutStartErrors(),
    levelPerModule(levels),
    fields(service),
    redact(),
    format.json({ deterministic: false }),
  );
