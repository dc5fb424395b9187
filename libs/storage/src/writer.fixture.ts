/** A process that opens a registry's state and registers entries as fast as it can, saying each one's id once it was acknowledged. */
import type { RegistryLocation } from './profiles.js';
import { RegistryData } from './registry-data.js';

const place = JSON.parse(process.argv[2]!) as RegistryLocation;
const data = await RegistryData.open({ ...place, program: 'first-registry' });
process.stdout.write('open\n');

if (process.argv[3] === 'write')
  for (let worker = 0; worker < 8; worker++)
    void (async () => {
      for (let i = 0; ; i++) {
        const body = Buffer.from(`bundle ${process.pid} ${worker} ${i}`);
        const { blob_id } = await data.putBlob(
          (async function* () {
            yield body;
          })(),
          { maxBytes: 1000, retain: 'upload' },
        );
        const { record } = await data['database'].registerEntry({
          bundle_id: blob_id,
          manifest_hash: null,
          proof_hash: null,
          policy_hash: null,
          result: 'fail',
          report_hash: blob_id,
          signer_kid: null,
          company: 'ACME',
        });
        process.stdout.write(`${record.entry_id}\n`);
      }
    })();
else setInterval(() => undefined, 1_000);
