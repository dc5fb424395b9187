import { CapError, isCapError } from '@cap/core';
import { rfc3339 } from '@cap/crypto';
import { comparison, defaultIdScheme, type IdScheme, LIST_FIELDS, type ListName } from '@cap/lists';
import { readSuppliers, readUbos, type IntakeOptions } from '@cap/lists/intake';
import { ID_SCHEMES } from '@cap/proof/manifest';
import { Project } from '@cap/prover';
import { encryptTo } from '../age.js';
import { parseColumns } from '../csv.js';
import { assertOneStdin, inputName, MAX_BYTES, openInput } from '../input.js';
import { printResult, progress, progressDone } from '../io.js';
import { anyText, delimiter, forList, type ListOption, listScheme } from '../options.js';
import { repeated } from '../repeated-options.js';
import { verb } from '../verb.js';

export default verb({
  examples: [
    'cap prepare --suppliers suppliers.csv --ubos ubos.csv --out project',
    'cap prepare --suppliers lieferanten.csv --ubos wb.csv --delimiter suppliers=";" --encoding windows-1252 \\',
    '    --columns suppliers.name=Firma,jurisdiction=Land,tier=Stufe,ubos.name=Name --out project',
  ],
  syntax: (command) =>
    command
      .requiredOption('--suppliers <file>', 'CSV: name, jurisdiction, tier; optional id, due_diligence, audit_date')
      .requiredOption('--ubos <file>', 'CSV: name, birthdate, citizenship; optional id')
      .requiredOption('--out <dir>', 'project directory to create')
      .option(
        '--delimiter <char>',
        'field separator, one character or the word tab; for both files, or suppliers=CHAR, ubos=CHAR; repeatable ' +
          '(default: ",")',
        repeated(forList(delimiter)),
      )
      .option(
        '--encoding <name>',
        'such as windows-1252; for both files, or suppliers=NAME, ubos=NAME; repeatable; a byte order mark takes ' +
          'precedence (default: "utf-8")',
        repeated(forList(anyText)),
      )
      .option('--columns <map>', 'FIELD=HEADER,… for both lists, or suppliers.FIELD=HEADER, ubos.FIELD=HEADER')
      .option('--clean', 'remove invisible and unassigned characters from names and ids, and report how many cells')
      .option(
        '--id-scheme <scheme>',
        'what rows are compared by: name (with country), person (name and date of birth) or id; for both lists, or ' +
          'suppliers=SCHEME, ubos=SCHEME; repeatable (default: suppliers=name, ubos=person, which policies assume)',
        repeated(listScheme),
      )
      .option(
        '--recipient <age1…>',
        'encrypt the salts to this age recipient: secrets.json.age instead of secrets.json; repeatable',
        repeated(anyText),
      )
      .addHelpText('after', '\nEvery bad row is reported, with file, line and column, before anything is written.'),
  run: async (io, options) => {
    assertOneStdin([
      ['--suppliers', options.suppliers],
      ['--ubos', options.ubos],
    ]);
    const delimiters = valuesByList('--delimiter', options.delimiter);
    const encodings = valuesByList('--encoding', options.encoding);
    const columns = columnsByList(options.columns);
    const idSchemes = schemesByList(options.idScheme);
    const protect = options.recipient && (await encryptTo(options.recipient));
    const intake = (list: ListName): IntakeOptions => ({
      file: inputName(options[list]),
      delimiter: delimiters[list] ?? ',',
      encoding: encodings[list] ?? 'utf-8',
      columns: columns[list],
      ...(options.clean ? { clean: true } : {}),
      idScheme: idSchemes[list],
    });
    progress(io, 'reading the lists');
    const sources = {
      suppliers: await openInput(io, options.suppliers, MAX_BYTES),
      ubos: await openInput(io, options.ubos, MAX_BYTES),
    };
    const [suppliers, ubos] = await bothOrAllErrors(
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
      if (cells > 0) io.err(`${list}: removed invisible or unassigned characters from ${cells} cells\n`);
    for (const list of LISTS) io.err(`${list} are compared by ${comparison(idSchemes[list])}.\n`);
    for (const [list, headers] of Object.entries(ignored_columns))
      if (headers.length > 0) io.err(`${list}: columns ignored: ${headers.join(', ')}\n`);
    io.err(
      protect
        ? `The project is in ${options.out}. Keep its secrets.json.age and an identity that decrypts it: if either is lost, ` +
            `nothing can be disclosed from these lists later. The rows themselves are in ${options.out}/lists, not encrypted.\n`
        : `The project is in ${options.out}. Keep its secrets.json safe: if it is lost, nothing can be disclosed from these ` +
            `lists later, and whoever has it can open the commitments.\n`,
    );
  },
});

/** What each list is compared by. A scheme given without a list applies to every list that supports it. */
function schemesByList(given: readonly ListOption<IdScheme>[] = []): Record<ListName, IdScheme> {
  for (const { list, value } of given)
    if (list && !ID_SCHEMES[list].includes(value))
      throw new CapError(
        'option.id-scheme',
        `--id-scheme ${list}=${value}: ${list} support ${ID_SCHEMES[list].join(' or ')}`,
      );
  const schemes = valuesByList('--id-scheme', given, (list, scheme) => ID_SCHEMES[list].includes(scheme));
  return {
    suppliers: schemes.suppliers ?? defaultIdScheme('suppliers'),
    ubos: schemes.ubos ?? defaultIdScheme('ubos'),
  };
}

/** The value of a repeatable option for each list; one that is given without a list goes to every list that it suits. */
function valuesByList<T>(
  option: string,
  given: readonly ListOption<T>[] = [],
  suits: (list: ListName, value: T) => boolean = () => true,
): Partial<Record<ListName, T>> {
  const values: Partial<Record<ListName, T>> = {};
  for (const { list: named, value } of given)
    for (const list of named ? [named] : LISTS.filter((each) => suits(each, value))) {
      const before = values[list];
      if (before !== undefined && before !== value)
        throw new CapError(
          'option.contradiction',
          `${option}: ${list} can have one value, not ${String(before)} and ${String(value)}`,
        );
      values[list] = value;
    }
  return values;
}

/** Header by field, for each list: `name=…` applies to both, `ubos.name=…` to one. */
function columnsByList(text: string | undefined): Record<ListName, Record<string, string>> {
  const columns: Record<ListName, Record<string, string>> = { suppliers: {}, ubos: {} };
  for (const [named, header] of parseColumns(text)) {
    const [, prefix, field = ''] = /^(?:(suppliers|ubos)\.)?(.*)$/s.exec(named) ?? [];
    const lists = LISTS.filter((list) => (prefix ?? list) === list && Object.hasOwn(LIST_FIELDS[list], field));
    if (lists.length === 0)
      throw new CapError(
        'option.columns',
        `--columns: no list has a field ${named}; the fields are ${LISTS.map((list) => `${list}.{${Object.keys(LIST_FIELDS[list]).join(',')}}`).join(' and ')}`,
      );
    for (const list of lists) columns[list][field] = header;
  }
  return columns;
}
const LISTS: readonly ListName[] = ['suppliers', 'ubos'];

/** Waits for both, so that the bad rows of both are reported together. */
async function bothOrAllErrors<A, B>(first: Promise<A>, second: Promise<B>): Promise<[A, B]> {
  const [a, b] = await Promise.allSettled([first, second]);
  if (a.status === 'fulfilled' && b.status === 'fulfilled') return [a.value, b.value];
  const errors = [a, b].flatMap((outcome): unknown[] => (outcome.status === 'rejected' ? [outcome.reason] : []));
  const bad = errors.filter((error) => isCapError(error) && error.code === 'list.invalid') as CapError[];
  if (bad.length < errors.length) throw errors.find((error) => !bad.includes(error as CapError));
  throw new CapError('list.invalid', bad.map(({ message }) => message).join('\n'), {
    details: bad.flatMap(({ details }) => details),
  });
}
