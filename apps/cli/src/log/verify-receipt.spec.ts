import { beforeEach, describe, expect, it } from '@jest/globals';
import { blake3Text } from '@cap/crypto';
import { parseCheckpoint } from '@cap/tlog';
import { cap } from '../cli.fixture.js';
import {
  BUNDLE_ID,
  cosigned,
  json,
  logDesk,
  testLog,
  tlogProof,
  WITNESS,
  WITNESS_KEY,
  type LogDesk,
} from './log.fixture.js';

const log = testLog();
const receipt = log.receipt(3, 7);

let desk: LogDesk;
beforeEach(async () => void (desk = await logDesk()));
const verify = (...argv: string[]) => desk.log('verify-receipt', ...argv);

/** Exit code and failure codes. */
async function judged(content: string | object, ...argv: string[]) {
  const { code, out, err } = await verify(await desk.put('receipt', content), ...argv, '--json');
  const { failures } = JSON.parse(out) as { failures?: { code: string }[] };
  return { code, codes: failures ? failures.map((failure) => failure.code) : [err] };
}

describe('cap log verify-receipt', () => {
  it('writes a receipt that holds as a tlog-proof, and no other', async () => {
    const file = await desk.put('receipt.json', json(receipt));
    expect((await verify(file, '--tlog-proof', '-')).out).toBe(tlogProof(receipt));
    const changed = await desk.put('changed.json', { ...json(receipt), log_index: 2 });
    const { code, out } = await verify(changed, '--tlog-proof', '-');
    expect(code).toBe(2);
    expect(out).not.toContain('c2sp.org/tlog-proof');
  });

  it('refuses a duplicate member, in an answer of the API too', async () => {
    const text = JSON.stringify(json(receipt));
    const doubled = text.replace('{', '{"log_index":2,');
    for (const content of [doubled, `{"result":"ok","receipt":${doubled}}`, `{"receipt":{},"receipt":${text}}`]) {
      const { code, codes } = await judged(content);
      expect([code, codes]).toEqual([
        65,
        [expect.stringMatching(/^cap: json\.malformed: .*duplicate member .*, again at line 1/)],
      ]);
    }
  });

  it('prints what the leaf says, and who signed', async () => {
    const { code, out } = await verify(await desk.put('receipt.json', json(receipt)));
    expect(code).toBe(0);
    expect(out.replace(/ {2,}/g, ' ').split('\n')).toEqual([
      'ok: the event is in the log',
      '',
      'event entry.registered',
      'time 2025-11-04T10:00:00Z',
      `bundle_id ${BUNDLE_ID}`,
      'entry_id entry-3',
      'position 3 in a tree of 7',
      'log log.example/cap/1',
      'signed by log.example/cap/1',
      'cosigned by nobody you trust',
      'witnesses 0, required 0',
      '',
    ]);
  });

  it('says the same as JSON', async () => {
    const { out } = await verify(await desk.put('receipt.json', json(receipt)), '--json');
    expect(JSON.parse(out)).toEqual({
      ok: true,
      failures: [],
      origin: 'log.example/cap/1',
      log_index: 3,
      tree_size: 7,
      included: true,
      signed_by: ['log.example/cap/1'],
      witnesses: [],
      event: log.events[3],
    });
  });

  it('reads the JSON form, a tlog-proof and the answer of the API, told apart by their content', async () => {
    for (const content of [json(receipt), tlogProof(receipt), { result: 'ok', report: {}, receipt: json(receipt) }])
      expect(await judged(content)).toEqual({ code: 0, codes: [] });
    const piped = await cap(['log', 'verify-receipt', '-', '--trust', desk.at('trust.json')], {
      stdin: tlogProof(receipt),
    });
    expect(piped.code).toBe(0);
  });

  it('reads the published vector', async () => {
    const { log_keys } = JSON.parse((await cap(['trust', 'show', desk.at('trust.json'), '--json'])).out);
    expect(log_keys).toHaveLength(1);
    expect((await verify('examples/vectors/receipt.json')).code).toBe(2); // a log that nobody here trusts
    const key = 'log.example/cap/1+ac9affa4+ARZFlCAxsHbyWY4p2tZylej26HMXiR9AY6tdlk8JAtXZ';
    await cap(['trust', 'add', desk.at('trust.json'), '--log-key', key]);
    for (const name of ['receipt.json', 'receipt.tlog-proof'])
      expect((await verify(`examples/vectors/${name}`)).code).toBe(0);
  });

  it('asks for as many witnesses as trust.json does', async () => {
    await cap(['trust', 'add', desk.at('trust.json'), '--witness-key', WITNESS_KEY, '--witness-threshold', '1']);
    expect(await judged(json(receipt))).toEqual({ code: 2, codes: ['checkpoint.witnesses'] });
    const seen = { ...receipt, checkpoint: parseCheckpoint(cosigned(log.checkpoint(7))) };
    expect(await judged(json(seen))).toEqual({ code: 0, codes: [] });
    const { out } = await verify(await desk.put('seen', json(seen)));
    expect(out).toContain(`cosigned by     ${WITNESS} at 2025-10-09T08:53:20Z\nwitnesses       1, required 1`);
  });

  it.each<[string, object, string[]]>([
    ['another log', json(testLog({ origin: 'other.example/1' }).receipt(3, 7)), ['checkpoint.log-unknown']],
    [
      'a changed checkpoint',
      { ...json(receipt), checkpoint: log.checkpoint(7).replace('\n7\n', '\n8\n'), tree_size: 8 },
      ['checkpoint.signature'],
    ],
    ['another tree size', { ...json(receipt), tree_size: 6 }, ['receipt.tree-size']],
    ['another place', { ...json(receipt), log_index: 2 }, ['receipt.inclusion', 'receipt.leaf']],
    [
      'another event',
      { ...json(receipt), leaf: log.receipt(2, 7).leaf.toString('base64') },
      ['receipt.inclusion', 'receipt.leaf'],
    ],
    [
      'an event of another tree',
      { ...json(receipt), leaf: testLog({ more: '!' }).receipt(3, 7).leaf.toString('base64') },
      ['receipt.inclusion'],
    ],
  ])('finds %s: exit 2', async (_, content, codes) => {
    expect(await judged(content)).toEqual({ code: 2, codes });
    const { out } = await verify(await desk.put('receipt', content));
    expect(out).toContain(`fault: ${codes[0]}: `);
    expect(out).toContain('Nothing vouches for what the leaf says:');
  });

  it('holds for none of the texts that differ in a byte', async () => {
    const text = Buffer.from(tlogProof(receipt));
    for (let at = 0; at < text.length; at += 5) {
      const changed = Buffer.from(text);
      changed[at]! ^= 1;
      const { code } = await cap(['log', 'verify-receipt', '-', '--trust', desk.at('trust.json')], { stdin: changed });
      expect([at, code]).toEqual([at, code === 65 ? 65 : 2]);
    }
  });

  it('compares with a bundle', async () => {
    const bundle = await desk.put('bundle.zip', 'the bytes of a bundle');
    const mine = testLog({ bundleId: blake3Text('the bytes of a bundle') });
    expect(await judged(json(mine.receipt(3, 7)), '--bundle', bundle)).toEqual({ code: 0, codes: [] });
    expect(await judged(json(receipt), '--bundle', bundle)).toEqual({ code: 2, codes: ['receipt.bundle'] });
    expect(await judged(json(mine.receipt(4, 7)), '--bundle', bundle)).toEqual({ code: 2, codes: ['receipt.bundle'] });
    expect((await verify(desk.at('receipt'), '--bundle', desk.at('none.zip'))).code).toBe(66);
  });

  it('compares with an entry', async () => {
    expect(await judged(json(receipt), '--entry', 'entry-3')).toEqual({ code: 0, codes: [] });
    expect(await judged(json(receipt), '--entry', 'entry-2')).toEqual({ code: 2, codes: ['receipt.entry'] });
  });

  it.each<[string, string | object, RegExp]>([
    ['a checkpoint alone', log.checkpoint(7), /receipt\.malformed: .*receipt: expected a receipt, found a checkpoint/],
    ['an answer without a receipt', { result: 'ok', report: {} }, /receipt\.malformed: /],
    ['an unknown member', { ...json(receipt), more: 1 }, /receipt\.malformed: .*unknown member more/],
    ['a tlog-proof cut short', tlogProof(receipt).slice(0, 100), /tlog-proof\.malformed: /],
    ['half a JSON', '{"log_index":', /receipt/],
    ['no text', Buffer.from([0xff, 0xfe]).toString('latin1'), /note\.malformed: /],
    ['nothing', '', /note\.malformed: .*receipt: /],
  ])('refuses %s as malformed: exit 65', async (_, content, words) => {
    const { code, out, err } = await verify(await desk.put('receipt', content));
    expect([code, out]).toEqual([65, '']);
    expect(err).toMatch(words);
  });

  it('says 66 for no file, 64 without a trust store or with two inputs from stdin', async () => {
    expect((await verify(desk.at('none'))).code).toBe(66);
    expect((await cap(['log', 'verify-receipt', 'x'])).code).toBe(64);
    expect((await verify('-', '--bundle', '-')).code).toBe(64);
  });
});
