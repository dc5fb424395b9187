import { createPublicKey } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import {
  formatCheckpointText,
  formatOrigin,
  parseCheckpoint,
  parseCheckpointText,
  parseOrigin,
  type Checkpoint,
} from './checkpoint.js';
import { verifyCheckpoint, type LogTrust } from './checkpoint-trust.js';
import { signCheckpoint } from './checkpoint.fixture.js';
import { codeOf, phraseKey } from './log-keys.fixture.js';
import { parseVerifierKey, verifierKey } from './note-keys.js';
import { cosignText, signNoteText } from './note-signatures.js';
import { formatNote, withSignature, type NoteSignature } from './note.js';
import { EMPTY_TREE_HASH } from './tree.js';

// The example of c2sp.org/tlog-checkpoint.
const EXAMPLE = `example.com/behind-the-sofa
20852163
CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=

— example.com/behind-the-sofa Az3grlgtzPICa5OS8npVmf1Myq/5IZniMp+ZJurmRDeOoRDe4URYN7u5/Zhcyv2q1gGzGku9nTo+zyWE+xeMcTOAYQ8=
`;
const ROOT = 'CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=';
const textOf = (...lines: string[]) => lines.map((line) => `${line}\n`).join('');

describe('checkpoint', () => {
  it('reads the published example and writes it back', () => {
    const { note, ...checkpoint } = parseCheckpoint(EXAMPLE);
    expect(checkpoint).toEqual({
      origin: 'example.com/behind-the-sofa',
      size: 20852163,
      root: Buffer.from('0ac5186a91863e8e1d90c808014aa89bf5da8e3ee1d9f07630f0378f68f1ab62', 'hex'),
      extensions: [],
    });
    expect(formatCheckpointText(checkpoint)).toBe(note.text);
    expect(formatNote(note)).toBe(EXAMPLE);
  });

  it('reads extension lines', () => {
    expect(parseCheckpointText(textOf('o', '1', ROOT, 'one', 'two 2')).extensions).toEqual(['one', 'two 2']);
  });

  it.each([
    ['nothing', '', /line feed/],
    ['two lines', textOf('o', '1'), /three lines/],
    ['no line feed at the end', textOf('o', '1', ROOT).trimEnd(), /line feed/],
    ['an empty origin', textOf('', '1', ROOT), /line 1 is empty/],
    ['an empty extension line', textOf('o', '1', ROOT, '', 'x'), /line 4 is empty/],
    ['a leading zero', textOf('o', '01', ROOT), /line 2/],
    ['a sign', textOf('o', '+1', ROOT), /line 2/],
    ['a minus', textOf('o', '-1', ROOT), /line 2/],
    ['a space before the size', textOf('o', ' 1', ROOT), /line 2/],
    ['hexadecimal', textOf('o', '0x10', ROOT), /line 2/],
    ['an exponent', textOf('o', '1e3', ROOT), /line 2/],
    ['a size beyond 2^52', textOf('o', '4503599627370497', ROOT), /line 2/],
    ['a size that rounds to 2^52', textOf('o', '9007199254740993', ROOT), /line 2/],
    ['a huge size', textOf('o', '9'.repeat(400), ROOT), /line 2/],
    ['a short root', textOf('o', '1', 'AAAA'), /line 3 \(root hash\): 3 bytes/],
    ['a root that is not base64', textOf('o', '1', ROOT.replace('=', '*')), /line 3 \(root hash\): not base64/],
    [
      'a root with stray bits',
      textOf('o', '1', ROOT.replace('I=', 'J=')),
      /line 3 \(root hash\): non-canonical base64/,
    ],
    ['an empty tree with another root', textOf('o', '0', ROOT), /the tree is empty/],
  ])('refuses %s', (_what, text, message) => {
    expect(codeOf(() => parseCheckpointText(text))).toBe('checkpoint.malformed');
    expect(() => parseCheckpointText(text, 'last checkpoint')).toThrow(message);
    expect(() => parseCheckpointText(text, 'last checkpoint')).toThrow(/^last checkpoint: /);
  });

  it('refuses an origin or extension that would break the lines, and a size or root out of range', () => {
    const good: Checkpoint = { origin: 'o', size: 1, root: Buffer.alloc(32), extensions: [] };
    expect(formatCheckpointText(good)).toBe(textOf('o', '1', Buffer.alloc(32).toString('base64')));
    for (const bad of [
      { origin: `o\n1\n${ROOT}` },
      { origin: '' },
      { extensions: ['a\nb'] },
      { extensions: [''] },
      { size: -1 },
      { size: 1.5 },
      { size: 0 },
      { root: Buffer.alloc(31) },
    ])
      expect(codeOf(() => formatCheckpointText({ ...good, ...bad }))).toBe('checkpoint.malformed');
  });

  it('property: what is written is read back', () => {
    const line = fc
      .string({ unit: 'grapheme', minLength: 1 })
      .map((text) => text.replace(/\p{Cc}/gu, ''))
      .filter((text) => text !== '');
    const checkpoints = fc.record({
      origin: line,
      size: fc.integer({ min: 1, max: 2 ** 52 }),
      root: fc.uint8Array({ minLength: 32, maxLength: 32 }).map((bytes) => Buffer.from(bytes)),
      extensions: fc.array(line, { maxLength: 3 }),
    });
    fc.assert(
      fc.property(checkpoints, (checkpoint) => {
        expect(parseCheckpointText(formatCheckpointText(checkpoint))).toEqual(checkpoint);
      }),
    );
  });

  it('property: any text is a checkpoint in its one spelling, or refused with a code', () => {
    const pieces = fc.constantFrom(
      'o',
      '0',
      '1',
      '01',
      ROOT,
      Buffer.from(EMPTY_TREE_HASH).toString('base64'),
      '\n',
      'x',
    );
    const texts = fc.array(pieces, { maxLength: 9 }).map((some) => some.join(''));
    fc.assert(
      fc.property(fc.oneof(texts, fc.string()), (text) => {
        const code = codeOf(() => expect(formatCheckpointText(parseCheckpointText(text))).toBe(text));
        expect(['nothing thrown', 'checkpoint.malformed']).toContain(code);
      }),
      { numRuns: 1000 },
    );
  });
});

describe('origin with an epoch', () => {
  it.each([
    ['log.example/cap', 1, 'log.example/cap/1'],
    ['log', 12, 'log/12'],
    ['log.example/2026', 3, 'log.example/2026/3'],
  ])('%s in epoch %i is %s', (name, epoch, origin) => {
    expect(formatOrigin({ name, epoch })).toBe(origin);
    expect(parseOrigin(origin)).toEqual({ name, epoch });
  });

  it.each([
    '',
    'log',
    '/',
    '/0',
    'log/',
    'log/0',
    'log/01',
    'log/-1',
    'log/1.5',
    'log/x',
    'log/9007199254740993',
    'a b/1',
    'a+b/1',
    'a//1',
  ])('refuses %j', (origin) => {
    expect(codeOf(() => parseOrigin(origin))).toBe('checkpoint.origin');
  });

  it('refuses to write what it would not read', () => {
    for (const [name, epoch] of [
      ['', 1],
      ['log', 0],
      ['log', -1],
      ['log', 0.5],
      ['log', NaN],
      ['log', 2 ** 60],
      ['a b', 1],
      ['log/', 1],
    ] as const)
      expect(codeOf(() => formatOrigin({ name, epoch }))).toBe('checkpoint.origin');
  });
});

describe('whom to believe about a checkpoint', () => {
  const NAME = 'log.example/cap';
  const logPrivate = phraseKey('log');
  const publicOf = (phrase: string) => createPublicKey(phraseKey(phrase));
  const exactKey = verifierKey('ed25519', `${NAME}/3`, publicOf('log'));
  const everyEpochKey = verifierKey('ed25519', NAME, publicOf('log'));
  const witnessKeys = ['w1', 'w2', 'w3'].map((name) => verifierKey('cosignature/v1', name, publicOf(name)));
  const cosigned = (name: string, phrase = name, time = 1_700_000_000): NoteSignature =>
    cosignText(body, { name, privateKey: phraseKey(phrase) }, time);

  const checkpoint = { origin: `${NAME}/3`, size: 7, root: Buffer.alloc(32, 7), extensions: [] };
  const body = formatCheckpointText(checkpoint);
  const signed = parseCheckpoint(signCheckpoint(checkpoint, logPrivate));
  const withAll = (...signatures: NoteSignature[]) =>
    parseCheckpoint(formatNote(signatures.reduce(withSignature, signed.note)));
  const trust = (more: Partial<LogTrust> = {}): LogTrust => ({
    logKeys: [exactKey],
    witnessKeys,
    witnessThreshold: 0,
    ...more,
  });
  const codes = (...args: Parameters<typeof verifyCheckpoint>) =>
    verifyCheckpoint(...args).failures.map(({ code }) => code);

  it('signs under the name of the origin', () => {
    expect(signed.note.signatures.map(({ name, keyId }) => [name, keyId])).toEqual([[`${NAME}/3`, exactKey.keyId]]);
  });

  it('believes a key of this epoch, or of every epoch', () => {
    for (const logKeys of [[exactKey], [everyEpochKey], [exactKey, everyEpochKey]])
      expect(verifyCheckpoint(signed, trust({ logKeys }))).toEqual({
        signed_by: [`${NAME}/3`],
        witnesses: [],
        failures: [],
      });
  });

  it('believes no key of another epoch, of another log, or another key of this name', () => {
    for (const key of [
      verifierKey('ed25519', `${NAME}/2`, publicOf('log')),
      verifierKey('ed25519', 'log.example', publicOf('log')),
      verifierKey('ed25519', `${NAME}/3/3`, publicOf('log')),
      verifierKey('ed25519', `${NAME}/3`, publicOf('other')),
    ])
      expect(codes(signed, trust({ logKeys: [key] }))).toEqual(['checkpoint.log-unknown']);
    expect(codes(signed, trust({ logKeys: [] }))).toEqual(['checkpoint.log-unknown']);
  });

  it('takes no signature of the log that stands under another name', () => {
    const { text } = signed.note;
    const note = { text, signatures: [signNoteText(text, { name: NAME, privateKey: logPrivate })] };
    expect(codes({ ...checkpoint, note }, trust({ logKeys: [everyEpochKey] }))).toEqual(['checkpoint.log-unknown']);
  });

  it('works with a log that has no epochs', () => {
    const other = { ...checkpoint, origin: 'sum.example' };
    const note = parseCheckpoint(signCheckpoint(other, logPrivate));
    const key = verifierKey('ed25519', 'sum.example', publicOf('log'));
    expect(codes(note, trust({ logKeys: [key] }))).toEqual([]);
  });

  it('refuses a broken signature by a known key, of the log or of a witness', () => {
    const forged = { ...signed, note: { ...signed.note, text: body.replace('\n7\n', '\n8\n') } };
    const { failures, signed_by } = verifyCheckpoint(forged, trust());
    expect(signed_by).toEqual([]);
    expect(failures).toEqual([
      { code: 'checkpoint.signature', message: expect.stringContaining(`${NAME}/3 (key ${exactKey.keyId})`) },
    ]);
    const badWitness = { ...cosigned('w1', 'somebody'), keyId: witnessKeys[0]!.keyId };
    expect(codes(withAll(badWitness), trust())).toEqual(['checkpoint.signature']);
  });

  it('counts the known witnesses against the threshold', () => {
    const two = withAll(cosigned('w1', 'w1', 10), cosigned('w3', 'w3', 20), cosigned('unknown'));
    expect(verifyCheckpoint(two, trust({ witnessThreshold: 2 }))).toEqual({
      signed_by: [`${NAME}/3`],
      witnesses: [
        { name: 'w1', time: 10 },
        { name: 'w3', time: 20 },
      ],
      failures: [],
    });
    const { failures } = verifyCheckpoint(two, trust({ witnessThreshold: 3 }));
    expect(failures).toEqual([
      { code: 'checkpoint.witnesses', message: '2 of the known witnesses cosigned, expected at least 3' },
    ]);
    expect(codes(two, trust({ witnessThreshold: NaN }))).toEqual(['checkpoint.witnesses']);
  });

  it('keeps two trees apart only with a threshold above half of the witnesses', () => {
    const fork = { ...checkpoint, root: Buffer.alloc(32, 8) };
    const forked = parseCheckpoint(signCheckpoint(fork, logPrivate));
    const text = formatCheckpointText(fork);
    const others = ['w3', 'w4'].map((name) => cosignText(text, { name, privateKey: phraseKey(name) }, 1_700_000_000));
    const one = withAll(cosigned('w1'), cosigned('w2'));
    const other = parseCheckpoint(formatNote(others.reduce(withSignature, forked.note)));
    const four = [...witnessKeys, verifierKey('cosignature/v1', 'w4', publicOf('w4'))];
    for (const [witnessThreshold, found] of [
      [2, []],
      [3, ['checkpoint.witnesses']],
    ] as const)
      for (const tree of [one, other])
        expect(codes(tree, trust({ witnessKeys: four, witnessThreshold }))).toEqual(found);
  });

  it('does not take witnesses in place of the log', () => {
    const { text } = signed.note;
    const note = { text, signatures: [cosigned('w1'), cosigned('w2')] };
    expect(codes({ ...checkpoint, note }, trust())).toEqual(['checkpoint.log-unknown']);
  });

  it('counts one witness key under two names once', () => {
    const alias = verifierKey('cosignature/v1', 'w1-again', publicOf('w1'));
    const both = withAll(cosigned('w1'), cosigned('w1-again', 'w1'));
    const options = { witnessKeys: [...witnessKeys, alias], witnessThreshold: 2 };
    expect(codes(both, trust(options))).toEqual(['checkpoint.witnesses']);
    expect(verifyCheckpoint(both, trust(options)).witnesses.map(({ name }) => name)).toEqual(['w1']);
  });

  it("does not count the log's own key as a witness", () => {
    const own = verifierKey('cosignature/v1', 'independent.example', publicOf('log'));
    const note = withAll(cosigned('independent.example', 'log'));
    expect(codes(note, trust({ witnessKeys: [own], witnessThreshold: 1 }))).toEqual(['checkpoint.witnesses']);
  });

  it('refuses keys of the wrong type, naming them', () => {
    const asLog = verifierKey('ed25519', 'w1', publicOf('w1'));
    expect(() => verifyCheckpoint(signed, trust({ witnessKeys: [asLog] }))).toThrow(/witness key w1\+.*type ed25519/);
    expect(() => verifyCheckpoint(signed, trust({ logKeys: witnessKeys }))).toThrow(/log key w1\+.*cosignature/);
    expect(codeOf(() => verifyCheckpoint(signed, trust({ logKeys: witnessKeys })))).toBe('key.malformed');
  });

  it('believes the checkpoint of a public log with its published key', () => {
    const note = parseCheckpoint(`arche2025h1.staging.ct.transparency.dev
1432088532
U7WM79jrzyhGZ5/GUBTpM7NzwdyfFx61t3RovgcC4Ro=

— arche2025h1.staging.ct.transparency.dev ui8GwCF1+kWqZrxGdhj4aX3gcw7XUlXQQabg/27lefwhUkzbC3NygNI75MdhL1bfTW9g8Ei59RA23oHP7Ry1k3ZFWwQ=
`);
    const key = parseVerifierKey(
      'arche2025h1.staging.ct.transparency.dev+ba2f06c0+AU0vHmlGCS/PdN8b2OaGmKprLI8HKM+dJ472xgFYh15f',
    );
    expect(codes(note, trust({ logKeys: [key] }))).toEqual([]);
  });
});
