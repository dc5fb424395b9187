/** CPU of the library calls that verifying a bundle can't do without, in a loop: what remains is framework and our own code. */
import { verify } from 'node:crypto';
import { inflateRawSync, deflateRawSync } from 'node:zlib';
import { jcs } from '../libs/core/dist/index.js';
import { blake3, sha3 } from '../libs/crypto/dist/index.js';
import { readBundle } from '../libs/proof/dist/bundle.js';

/** CPU microseconds for one bundle: inflate, BLAKE3 of the zip, SHA3 of each file, JSON + JCS, Ed25519, one BLAKE3 a hash of the proof's tree. */
export async function bareCalls(zip, key, rounds) {
  const { files } = await readBundle(zip);
  const packed = [...files.values()].map((bytes) => deflateRawSync(bytes, { level: 9 }));
  const manifest = files.get('manifest.json');
  const meta = files.get('_meta.json');
  const { payload, signatures } = JSON.parse(files.get('signatures.json').toString());
  const signature = Buffer.from(signatures[0].sig, 'base64');
  const message = Buffer.concat([Buffer.from('DSSEv1 '), Buffer.from(payload)]);
  const hashes = treeHashes(files.get('proof.capz').subarray(78));
  const small = Buffer.alloc(64, 7);
  const once = () => {
    for (const bytes of packed) inflateRawSync(bytes);
    blake3(zip);
    for (const bytes of files.values()) sha3(bytes);
    jcs(JSON.parse(manifest));
    JSON.parse(meta);
    JSON.parse(files.get('proof.capz').subarray(78));
    verify(null, message, key, signature);
    for (let i = 0; i < hashes; i++) blake3('cap.field.v2', small);
  };
  for (let i = 0; i < rounds / 10; i++) once();
  const before = process.cpuUsage();
  for (let i = 0; i < rounds; i++) once();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / rounds;
}

/** Field digests, leaves and nodes that a disclosure makes its verifier compute; a mock has none. */
function treeHashes(payload) {
  const { lists = [] } = JSON.parse(payload);
  return lists.reduce(
    (sum, { leaf_hashes, rows }) =>
      sum + leaf_hashes.length - 1 + rows.reduce((n, { fields }) => n + 1 + Object.keys(fields).length, 0),
    0,
  );
}
