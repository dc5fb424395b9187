import { type DefineGroup, verb } from '../frame/command.js';
import { anyText, delimiter, listScheme, repeated } from '../frame/option-values.js';

export const definePrepare: DefineGroup = (program, run) => {
  verb(program, 'prepare', 'check the lists, commit to them, make the project directory', [
    'cap prepare --suppliers suppliers.csv --ubos ubos.csv --out project',
    'cap prepare --suppliers lieferanten.csv --ubos wb.csv --delimiter ";" --encoding windows-1252 \\',
    '    --columns suppliers.name=Firma,jurisdiction=Land,tier=Stufe,ubos.name=Name --out project',
  ])
    .requiredOption('--suppliers <file>', 'CSV: name, jurisdiction, tier; optional id, due_diligence, audit_date')
    .requiredOption('--ubos <file>', 'CSV: name, birthdate, citizenship; optional id')
    .requiredOption('--out <dir>', 'project directory that is made')
    .option('--delimiter <char>', 'between the fields of both files, one character or the word tab', delimiter, ',')
    .option('--encoding <name>', 'of both files, such as windows-1252; a byte order mark goes before it', 'utf-8')
    .option('--columns <map>', 'FIELD=HEADER,… for both lists, or suppliers.FIELD=HEADER, ubos.FIELD=HEADER')
    .option('--clean', 'take invisible and unassigned characters out of names and ids, and say of how many cells')
    .option(
      '--id-scheme <scheme>',
      'what rows are compared by: name (with country), person (name and date of birth) or id; for both lists, or ' +
        'suppliers=SCHEME, ubos=SCHEME; repeatable (default: suppliers=name, ubos=person, which policies take as said)',
      repeated(listScheme),
    )
    .option(
      '--recipient <age1…>',
      'encrypt the salts to this age recipient: secrets.json.age instead of secrets.json; repeatable',
      repeated(anyText),
    )
    .addHelpText('after', '\nEvery bad row is reported, with file, line and column, before anything is written.')
    .action(run.action(async () => (await import('./prepare.js')).prepare));
};
