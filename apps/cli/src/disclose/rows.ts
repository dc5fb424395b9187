import { InvalidArgumentError } from 'commander';
import { type ListName } from '@cap/lists';

export interface RowSelection {
  list: ListName;
  numbers: number[];
}

const MOST = 10_000;

/** `LIST:1,2,5-9`; without a list, suppliers. */
export function rowSelection(text: string): RowSelection {
  const [, list = 'suppliers', numbers] =
    /^(?:(suppliers|ubos)[:=])?(\d+(?:-\d+)?(?:,\d+(?:-\d+)?)*)$/.exec(text) ?? [];
  if (numbers === undefined) throw new InvalidArgumentError(`suppliers:0,4,7-9 or ubos:0 was expected, not ${text}.`);
  const selected = numbers.split(',').flatMap((range) => {
    const [from, to = from] = range.split('-').map(Number) as [number, number?];
    if (to < from || to - from >= MOST) throw new InvalidArgumentError(`${range} is no range of at most ${MOST} rows.`);
    return Array.from({ length: to - from + 1 }, (_, i) => from + i);
  });
  return { list: list as ListName, numbers: selected };
}
