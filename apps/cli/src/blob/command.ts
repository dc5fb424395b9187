import { type DefineGroup, group, verb } from '../frame/command.js';
import { wholeNumber } from '../frame/option-values.js';
import { withPlace } from '../frame/place-options.js';

export const defineBlob: DefineGroup = (program, run) => {
  const blob = group(program, 'blob', 'BLOBs of a registry, named by the BLAKE3 of their bytes', [
    'CAP_TOKEN_FILE=token cap blob put bundle.zip --url http://127.0.0.1:8081',
    'cap blob get 0x5f0c… --data-dir /var/lib/cap-verifier --out bundle.zip',
  ]);

  withPlace(
    verb(blob, 'put <file>', 'store a file; prints its id', ['cap blob put bundle.zip --url http://127.0.0.1:8081']),
  ).action(run.action(async () => (await import('./blob.js')).put));

  withPlace(
    verb(blob, 'get <id>', 'fetch a BLOB; its bytes are hashed again', [
      'cap blob get 0x5f0c… --url http://127.0.0.1:8081 --out bundle.zip',
    ]),
  )
    .option('--out <file>', 'where it goes', '-')
    .action(run.action(async () => (await import('./blob.js')).get));

  withPlace(verb(blob, 'list', 'list ids and sizes', ['cap blob list --data-dir /var/lib/cap-verifier'])).action(
    run.action(async () => (await import('./blob.js')).list),
  );

  withPlace(
    verb(blob, 'gc', 'move what nothing refers to into the trash, and empty the trash of what is old', [
      'cap blob gc --url http://127.0.0.1:8081 --dry-run',
      'cap blob gc --data-dir /var/lib/cap-verifier --grace 48        (with the registry stopped)',
    ]),
  )
    .option('--grace <hours>', 'how long a file without a row stays (default: 24)', wholeNumber(0, 8784))
    .option('--dry-run', 'say what a run would move, and move nothing')
    .action(run.action(async () => (await import('./gc.js')).gc));
};
