import { CapError, isCapError } from '@cap/core';
import { rfc3339 } from '@cap/crypto';
import {
  comparison,
  defaultIdScheme,
  type IdScheme,
  LIST_FIELDS,
  readSuppliers,
  readUbos,
  type IntakeOptions,
  type ListName,
} from '@cap/lists';
import { ID_SCHEMES } from '@cap/proof';
import { Project } from '@cap/prover';
import { parseColumns } from '../frame/columns.js';
import { inputName, MOST_BYTES, openInput } from '../frame/input.js';
import { printResult, progress, progressDone, type CliIo } from '../frame/io.js';
import { type listScheme } from '../frame/option-values.js';

interface Options {
  suppliers: string;
  ubos: string;
  out: string;
  delimiter: string;
  encoding: string;
  columns?: string;
  idScheme?: ReturnType<typeof listScheme>[];
  recipient?: string[];
  clean?: boolean;
  json?: boolean;
}

export async function prepare(io: CliIo, options: Options): Promise<void> {
  if (options.suppliers === '-' && options.ubos === '-')
    throw new CapError('option.stdin', 'only one of the two lists can come from stdin');
  const columns = columnsByList(options.columns);
  const idSchemes = schemesByList(options.idScheme);
  const protect = options.recipient && (await import('../frame/age.js')).encryptTo(options.recipient);
  const intake = (list: ListName): IntakeOptions => ({
    file: inputName(options[list]),
    delimiter: options.delimiter,
    encoding: options.encoding,
    columns: columns[list],
    ...(options.clean ? { clean: true } : {}),
    idScheme: idSchemes[list],
  });
  progress(io, 'reading the lists');
  const sources = {
    suppliers: await openInput(io, options.suppliers, MOST_BYTES),
    ubos: await openInput(io, options.ubos, MOST_BYTES),
  };
  const [suppliers, ubos] = await bothOrAllFaults(
    readSuppliers(sources.suppliers, intake('suppliers')),
    readUbos(sources.ubos, intake('ubos')),
  );
  progress(io, `committing to ${suppliers.rows.length} suppliers and ${ubos.rows.length} UBOs`);
  const project = await Project.prepare(options.out, {
    suppliers,
    ubos,
    files: { suppliers: inputName(options.suppliers), ubos: inputName(options.ubos) },
    idSchemes,
    now: rfc3339(io.now()),
    threads: io.threads,
    ...(protect ? { protect } : {}),
  });
  progressDone(io);

  const commitments = await project.commitments();
  const cells_cleaned = { suppliers: suppliers.cleaned, ubos: ubos.cleaned };
  const ignored_columns = { suppliers: suppliers.ignoredColumns, ubos: ubos.ignoredColumns };
  printResult(io, options, { project: options.out, commitments, ignored_columns, cells_cleaned }, () =>
    commitments
      .flatMap((commitment) =>
        commitment.scheme === 'merkle-blake3.v3'
          ? [`${commitment.list}  ${commitment.count} rows  ${commitment.root}  (${commitment.id_scheme})`]
          : [],
      )
      .join('\n'),
  );
  for (const [list, cells] of Object.entries(cells_cleaned))
    if (cells > 0) io.err(`${list}: invisible or unassigned characters taken out of ${cells} cells\n`);
  for (const list of LISTS) io.err(`${list} are compared by ${comparison(idSchemes[list])}.\n`);
  for (const [list, headers] of Object.entries(ignored_columns))
    if (headers.length > 0) io.err(`${list}: not read: ${headers.join(', ')}\n`);
  io.err(
    protect
      ? `The project is in ${options.out}. Keep its secrets.json.age and an identity that opens it: without both nothing can ` +
          `be disclosed from these lists any more. The rows themselves are in ${options.out}/lists, not encrypted.\n`
      : `The project is in ${options.out}. Keep its secrets.json: without it nothing can be disclosed from these lists any ` +
          `more, and whoever has it can open them.\n`,
  );
}

/** By what each list is compared. A scheme without a list counts for every list that can have it. */
function schemesByList(given: Options['idScheme'] = []): Record<ListName, IdScheme> {
  const schemes: Partial<Record<ListName, IdScheme>> = {};
  for (const { list: named, scheme } of given) {
    if (named && !ID_SCHEMES[named].includes(scheme))
      throw new CapError(
        'option.id-scheme',
        `--id-scheme ${named}=${scheme}: ${named} have ${ID_SCHEMES[named].join(' or ')}`,
      );
    for (const list of named ? [named] : LISTS.filter((each) => ID_SCHEMES[each].includes(scheme))) {
      if (schemes[list] !== undefined && schemes[list] !== scheme)
        throw new CapError(
          'option.contradiction',
          `--id-scheme: ${list} can have one scheme, not ${schemes[list]} and ${scheme}`,
        );
      schemes[list] = scheme;
    }
  }
  return {
    suppliers: schemes.suppliers ?? defaultIdScheme('suppliers'),
    ubos: schemes.ubos ?? defaultIdScheme('ubos'),
  };
}

/** Which header stands for which field, for each list: `name=…` counts for both, `ubos.name=…` for one. */
function columnsByList(text: string | undefined): Record<ListName, Record<string, string>> {
  const columns: Record<ListName, Record<string, string>> = { suppliers: {}, ubos: {} };
  for (const [named, header] of parseColumns(text)) {
    const [, prefix, field = ''] = /^(?:(suppliers|ubos)\.)?(.*)$/s.exec(named) ?? [];
    const lists = LISTS.filter((list) => (prefix ?? list) === list && Object.hasOwn(LIST_FIELDS[list], field));
    if (lists.length === 0)
      throw new CapError(
        'option.columns',
        `--columns: no list has a field ${named}; there are ${LISTS.map((list) => `${list}.{${Object.keys(LIST_FIELDS[list]).join(',')}}`).join(' and ')}`,
      );
    for (const list of lists) columns[list][field] = header;
  }
  return columns;
}
const LISTS: readonly ListName[] = ['suppliers', 'ubos'];

/** Reads both to the end, so that the bad rows of both are reported together. */
async function bothOrAllFaults<A, B>(first: Promise<A>, second: Promise<B>): Promise<[A, B]> {
  const [a, b] = await Promise.allSettled([first, second]);
  if (a.status === 'fulfilled' && b.status === 'fulfilled') return [a.value, b.value];
  const errors = [a, b].flatMap((outcome): unknown[] => (outcome.status === 'rejected' ? [outcome.reason] : []));
  const bad = errors.filter((error) => isCapError(error) && error.code === 'list.invalid') as CapError[];
  if (bad.length < errors.length) throw errors.find((error) => !bad.includes(error as CapError));
  throw new CapError('list.invalid', bad.map(({ message }) => message).join('\n'), {
    details: bad.flatMap(({ details }) => details),
  });
}
