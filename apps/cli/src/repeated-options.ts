import type { CommandUnknownOpts } from '@commander-js/extra-typings';

const repeatable = new WeakSet<object>();

/** Collects an option that may be given several times; `parse` reads each value. */
export function repeated<T>(parse: (text: string) => T): (text: string, values: T[] | undefined) => T[] {
  const collect = (text: string, values: T[] | undefined): T[] => [...(values ?? []), parse(text)];
  repeatable.add(collect);
  return collect;
}

/** commander takes the last value of an option that is given twice and silently drops the first: wrong usage (exit 64). */
export function refuseRepetition(
  command: Pick<CommandUnknownOpts, 'options' | 'error'> & { on(event: string, listener: () => void): unknown },
): void {
  for (const option of command.options) {
    if (option.parseArg && repeatable.has(option.parseArg)) continue;
    let given = false;
    command.on(`option:${option.name()}`, () => {
      if (given) command.error(`error: option '${option.flags}' was given twice`);
      given = true;
    });
  }
}
