import { format, type Logform } from 'winston';
import type { LogLevel } from '@cap/config';
import { type ModuleLevels, RANK } from './module-levels.js';
import { redactField, redactMessage } from './redact.js';

/** Levels of nest-winston that correspond to trace and error here. */
export const NEST_LEVELS = { verbose: RANK.trace, fatal: RANK.error };

const isLevel = (level: string): level is LogLevel => Object.hasOwn(RANK, level);
const levelOf = (level: string): LogLevel => (isLevel(level) ? level : level === 'verbose' ? 'trace' : 'error');

/** For lines from Nest's loggers: names the module, and unwraps the stack from nest-winston's array. */
const fromNest = format((info) => {
  info.level = levelOf(info.level);
  if (typeof info['context'] !== 'string') info['context'] = 'service';
  if (Array.isArray(info['stack'])) info['stack'] = info['stack'][0] as unknown;
  return info;
});

/** Nest both logs and rethrows an error while it starts; runService reports it, without a stack. */
const withoutStartErrors = format((info) => info['context'] !== 'ExceptionHandler' && info);

/** Drops lines below the level of their module. */
const levelPerModule = (levels: ModuleLevels) =>
  format((info) => levels.pass(levelOf(info.level), info['context'] as string) && info)();

/** The fields of a line, in order. */
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

/** Masks secrets, and cuts long values. */
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
