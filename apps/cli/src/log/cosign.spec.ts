import { chmod, readFile, writeFile } from 'node:fs/promises';
import { beforeEach, describe, expect, it } from '@jest/globals';
import { parseCheckpoint, parseReceipt, receiptFromTlogProof, verifyCheckpoint } from '@cap/tlog';
import { parseVerifierKey } from '@cap/tlog/notes';
import { cap } from '../cli.fixture.js';
import { cosigned, json, LOG_KEY, logDesk, testLog, tlogProof, WITNESS_KEY, type LogDesk } from './log.fixture.js';

const log = testLog();
const forked = testLog({ more: '!' });
const NAME = 'audit.example';

let desk: LogDesk;
let kid: string;
beforeEach(async () => {
  desk = await logDesk();
  kid = await newKey('--usage', 'witness');
});
const newKey = async (...argv: string[]) =>
  (await cap(['keys', 'generate', '--keys', desk.at('keys'), '--owner', 'Audit GmbH', ...argv])).out.trim();

/** `proof` and `previous` are the contents of files. */
async function cosign(
  content: string | object,
  { proof, previous, argv = [] }: { proof?: object; previous?: string; argv?: string[] } = {},
) {
  const file = await desk.put('given', content);
  const usual = { '--keys': desk.at('keys'), '--key': kid, '--name': NAME, '--out': desk.at('out') };
  const who = Object.entries(usual).flatMap((option) => (argv.includes(option[0]) ? [] : option));
  if (proof) who.push('--proof', await desk.put('proof', proof));
  if (previous) who.push('--previous', await desk.put('previous', previous));
  return desk.log('cosign', file, ...who, ...argv);
}
const written = () => readFile(desk.at('out'), 'utf8');
const state = async () => JSON.parse(await readFile(desk.at('keys', 'witness.json'), 'utf8'));
const rootOf = (checkpoint: string) => parseCheckpoint(checkpoint).root.toString('base64');

/** Who cosigned, of the witness and the fixture's. */
async function witnesses(note: string) {
  const { out } = await cap(['keys', 'show', kid, '--keys', desk.at('keys'), '--note-name', NAME, '--json']);
  const witnessKeys = [JSON.parse(out).witness_key, WITNESS_KEY].map((text: string) => parseVerifierKey(text));
  const trust = { logKeys: [parseVerifierKey(LOG_KEY)], witnessKeys, witnessThreshold: 1 };
  const verification = verifyCheckpoint(parseCheckpoint(note), trust);
  expect(verification.failures).toEqual([]);
  return verification.witnesses;
}

describe('cap log cosign', () => {
  it('cosigns as of now, keeps the other signatures and remembers the tree', async () => {
    const { code, out, err } = await cosign(cosigned(log.checkpoint(3)));
    expect([code, out]).toEqual([0, `${desk.at('out')}  cosigned by ${NAME}\n`]);
    expect(err).toContain('First checkpoint of log.example/cap/1: its 3 leaves are accepted as they are');
    expect(await witnesses(await written())).toEqual([
      { name: 'witness.example', time: 1_760_000_000 },
      { name: NAME, time: Date.parse('2025-11-06T10:00:00Z') / 1000 },
    ]);
    expect(await state()).toEqual({
      schema: 'cap-witness.v1',
      logs: { 'log.example/cap/1': { size: 3, root: rootOf(log.checkpoint(3)) } },
    });
  });

  it('leaves a receipt a receipt, and a tlog-proof one', async () => {
    const receipt = log.receipt(1, 3);
    await cosign({ result: 'ok', receipt: json(receipt) });
    const { checkpoint, ...rest } = parseReceipt(JSON.parse(await written()));
    expect(rest).toEqual({ ...receipt, checkpoint: undefined });
    expect(checkpoint.note.signatures).toHaveLength(2);
    await cosign(tlogProof(receipt));
    const again = receiptFromTlogProof(await written());
    expect({ ...again, checkpoint: null }).toEqual({ ...receipt, checkpoint: null });
    expect(await witnesses(await written().then((text) => text.slice(text.indexOf('\n\n') + 2)))).toHaveLength(1);
  });

  it('writes to stdout', async () => {
    const { out } = await cosign(log.checkpoint(3), { argv: ['--out', '-'] });
    expect(await witnesses(out)).toHaveLength(1);
  });

  it('follows a tree that grows, with the proof', async () => {
    await cosign(log.checkpoint(3));
    const grown = await cosign(log.checkpoint(7), { proof: log.proof(3, 7) });
    expect([grown.code, grown.err]).toEqual([0, expect.stringContaining('grew from 3 to 7 leaves')]);
    expect((await cosign(log.checkpoint(7))).err).toContain('was the last one cosigned');
    expect((await state()).logs['log.example/cap/1'].size).toBe(7);
  });

  it('demands the proof when the tree grew', async () => {
    await cosign(log.checkpoint(3));
    const { code, err } = await cosign(log.checkpoint(7));
    expect([code, err]).toEqual([64, expect.stringContaining('grew from 3 to 7 leaves: --proof is required')]);
  });

  it.each<[string, string | object, object | undefined, string]>([
    ['a smaller tree', log.checkpoint(3), undefined, 'consistency.size'],
    ['another tree of the same size', forked.checkpoint(5), undefined, 'consistency.fork'],
    ['a tree that another one grew into', forked.checkpoint(7), forked.proof(5, 7), 'consistency.proof'],
    ['the proof of other sizes', log.checkpoint(7), log.proof(3, 7), 'consistency.proof'],
    ['a log that nobody trusts', testLog({ origin: 'x/1' }).checkpoint(7), undefined, 'checkpoint.log-unknown'],
    ['a changed checkpoint', log.checkpoint(5).replace('\n5\n', '\n6\n'), undefined, 'checkpoint.signature'],
    ['a receipt of another event', { ...json(log.receipt(1, 5)), log_index: 2 }, undefined, 'receipt.inclusion'],
  ])('refuses %s: exit 2, nothing signed or remembered', async (_, content, proof, expected) => {
    await cosign(log.checkpoint(5), { argv: ['--out', desk.at('first')] });
    const before = await state();
    const { code, out, err } = await cosign(content, proof && { proof });
    expect([code, out]).toEqual([2, '']);
    expect(err).toContain(`cap: ${expected}: not cosigned: `);
    await expect(written()).rejects.toThrow('ENOENT');
    expect(await state()).toEqual(before);
  });

  it('starts from --previous where the state file knows nothing', async () => {
    expect((await cosign(forked.checkpoint(7), { previous: log.checkpoint(3), proof: forked.proof(3, 7) })).code).toBe(
      2,
    );
    const wrong = await cosign(log.checkpoint(7), { previous: testLog({ origin: 'log.example/cap/2' }).checkpoint(3) });
    expect([wrong.code, wrong.err]).toEqual([2, expect.stringContaining('consistency.origin')]);
    const forged = await cosign(log.checkpoint(7), { previous: log.checkpoint(3).replace('\n3\n', '\n4\n') });
    expect([forged.code, forged.err]).toEqual([2, expect.stringContaining('checkpoint.signature')]);
    expect((await cosign(log.checkpoint(7), { previous: log.checkpoint(3), proof: log.proof(3, 7) })).code).toBe(0);
  });

  it('believes the state file, not --previous', async () => {
    await cosign(log.checkpoint(5));
    expect((await cosign(log.checkpoint(5), { previous: log.checkpoint(5) })).code).toBe(0);
    const other = await cosign(log.checkpoint(7), { previous: log.checkpoint(3), proof: log.proof(3, 7) });
    expect([other.code, other.err]).toEqual([2, expect.stringContaining('cosign.previous')]);
  });

  it('says of a new epoch that there was an old one', async () => {
    await cosign(log.checkpoint(5));
    const { code, err } = await cosign(testLog({ origin: 'log.example/cap/2' }).checkpoint(3));
    expect([code, err]).toEqual([0, expect.stringContaining('Cosigned before: log.example/cap/1. A new epoch')]);
    expect(Object.keys((await state()).logs)).toEqual(['log.example/cap/1', 'log.example/cap/2']);
    expect((await cosign(testLog({ origin: 'log.example/cap/2' }).checkpoint(3))).code).toBe(0);
  });

  it('waits for no other witness', async () => {
    await cap(['trust', 'add', desk.at('trust.json'), '--witness-key', WITNESS_KEY, '--witness-threshold', '1']);
    expect((await cosign(log.checkpoint(3))).code).toBe(0);
  });

  it('keeps its state where it is told', async () => {
    await cosign(log.checkpoint(3), { argv: ['--state', desk.at('own.json')] });
    expect(JSON.parse(await readFile(desk.at('own.json'), 'utf8')).logs['log.example/cap/1'].size).toBe(3);
    await expect(state()).rejects.toThrow('ENOENT');
    expect((await cosign(log.checkpoint(3), { argv: ['--state', desk.at('none', 'own.json')] })).code).toBe(73);
  });

  it('remembers the tree before it hands out the cosignature', async () => {
    expect((await cosign(log.checkpoint(3), { argv: ['--out', desk.at('none', 'out')] })).code).toBe(73);
    expect((await state()).logs['log.example/cap/1'].size).toBe(3);
    expect((await cosign(forked.checkpoint(3))).code).toBe(2);
    expect((await cosign(log.checkpoint(3))).code).toBe(0);
  });

  it('refuses a state file that it did not write', async () => {
    const root = rootOf(log.checkpoint(3));
    for (const bad of [
      { schema: 'cap-witness.v2', logs: {} },
      { schema: 'cap-witness.v1', logs: { x: { size: -1, root } } },
      { schema: 'cap-witness.v1', logs: { x: { size: 1, root: 'AA==' } } },
      { schema: 'cap-witness.v1', logs: { x: null } },
    ]) {
      await writeFile(desk.at('keys', 'witness.json'), JSON.stringify(bad));
      const { code, err } = await cosign(log.checkpoint(3));
      expect([code, err]).toEqual([65, expect.stringContaining('witness.state')]);
    }
  });

  it('lets no two at one state file', async () => {
    await writeFile(desk.at('keys', 'witness.json.lock'), '');
    const { code, err } = await cosign(log.checkpoint(3));
    expect([code, err]).toEqual([75, expect.stringContaining('if it was interrupted, remove')]);
    const files = [await desk.put('one', log.checkpoint(3)), await desk.put('other', forked.checkpoint(3))];
    const who = ['--keys', desk.at('keys'), '--key', kid, '--name', NAME, '--state', desk.at('own.json')];
    const both = await Promise.all(files.map((file) => desk.log('cosign', file, ...who, '--out', `${file}.cosigned`)));
    expect(both.filter(({ code: exit }) => exit === 0)).toHaveLength(1);
  });

  it('signs only with a key of a witness that nobody else can read', async () => {
    await chmod(desk.at('keys', `${kid}.key`), 0o644);
    expect((await cosign(log.checkpoint(3))).code).toBe(77);
    kid = await newKey();
    const { code, err } = await cosign(log.checkpoint(3));
    expect([code, err]).toEqual([77, expect.stringContaining('use a key created with --usage witness')]);
    kid = 'f'.repeat(32);
    expect((await cosign(log.checkpoint(3))).code).toBe(66);
  });

  it('says 65 for what is malformed, 66 for no file, 64 for two inputs from stdin', async () => {
    expect((await cosign('no checkpoint')).code).toBe(65);
    expect((await cosign(log.checkpoint(3), { argv: ['--name', 'two words'] })).code).toBe(65);
    expect((await cosign(log.checkpoint(3), { argv: ['--proof', desk.at('none')] })).code).toBe(66);
    expect((await cosign(log.checkpoint(3), { argv: ['--proof', '-', '--previous', '-'] })).code).toBe(64);
  });
});
