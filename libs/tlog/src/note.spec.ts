import { createPublicKey, generateKeyPairSync } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { codeOf, phraseKey, privateKeyOf } from './log-keys.fixture.js';
import { formatVerifierKey, parseVerifierKey, verifierKey } from './note-keys.js';
import { checkNoteSignatures, cosignText, signNoteText } from './note-signatures.js';
import { formatNote, parseNote, withSignature, type Note } from './note.js';

// The example of the package documentation of golang.org/x/mod/sumdb/note.
const PETER_KEY = 'PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW';
const PETER_SEED = Buffer.from('AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz', 'base64').subarray(1);
const PETER_TEXT =
  "If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n";
const PETER_NOTE = `${PETER_TEXT}
— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=
`;
// The example of c2sp.org/signed-note.
const FOO_KEY = 'example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k';
const FOO_NOTE = `This is an example message.

— example.com/foo Uw2QOkn8srV1yJGh2VYRlL1Tnagv1YEq6TfXppzi2ONncAlTgK7Ztg1ERYNZXsYjOBH3mFXmRKuwHjG1Yu72IneyaQM=
`;

const peter = { name: 'PeterNeumann', privateKey: privateKeyOf(PETER_SEED) };
const log = { name: 'log.example/cap/1', privateKey: phraseKey('log') };
const witness = { name: 'witness.example/w1', privateKey: phraseKey('witness') };
const logKey = verifierKey('ed25519', log.name, createPublicKey(log.privateKey));
const witnessKey = verifierKey('cosignature/v1', witness.name, createPublicKey(witness.privateKey));
const signed = (text: string): Note => ({ text, signatures: [signNoteText(text, log)] });

const names = (note: Note, keys: Parameters<typeof checkNoteSignatures>[1]) =>
  checkNoteSignatures(note, keys).verified.map(({ key }) => key.name);

describe('signed note', () => {
  it('signs the published example byte for byte', () => {
    expect(formatNote({ text: PETER_TEXT, signatures: [signNoteText(PETER_TEXT, peter)] })).toBe(PETER_NOTE);
  });

  it.each([
    [PETER_KEY, PETER_NOTE],
    [FOO_KEY, FOO_NOTE],
  ])('verifies the published example of %s', (text, note) => {
    const key = parseVerifierKey(text);
    expect(formatVerifierKey(key)).toBe(text);
    expect(checkNoteSignatures(parseNote(note), [key])).toEqual({ verified: [{ key, time: null }], broken: [] });
    const [first, ...rest] = note;
    const changed = parseNote(`${first!.toLowerCase()}${rest.join('')}`);
    expect(checkNoteSignatures(changed, [key])).toEqual({ verified: [], broken: changed.signatures });
  });

  it('takes bytes as well as text', () => {
    expect(parseNote(Buffer.from(PETER_NOTE))).toEqual(parseNote(PETER_NOTE));
  });

  it('passes over signatures by unknown keys, by the same name or the same key id too', () => {
    const note = parseNote(PETER_NOTE);
    const sameName = { ...parseVerifierKey(PETER_KEY), keyId: '00000000' };
    const sameId = { ...parseVerifierKey(PETER_KEY), name: 'somebody' };
    expect(checkNoteSignatures(note, [sameName, sameId, logKey])).toEqual({ verified: [], broken: [] });
  });

  it('verifies each of several signatures, and counts a key once', () => {
    const text = 'text\n';
    const note = withSignature(signed(text), signNoteText(text, peter));
    const keys = [logKey, parseVerifierKey(PETER_KEY)];
    expect(names(note, keys)).toEqual([log.name, peter.name]);
    const doubled = { text, signatures: [...note.signatures, ...note.signatures] };
    expect(names(parseNote(formatNote(doubled)), keys)).toEqual([log.name, peter.name]);
  });

  it('names a broken signature by a known key beside one that holds', () => {
    const note = signed('text\n');
    const broken = { ...signNoteText('other\n', peter) };
    const result = checkNoteSignatures(withSignature(note, broken), [logKey, parseVerifierKey(PETER_KEY)]);
    expect(result.verified.map(({ key }) => key.name)).toEqual([log.name]);
    expect(result.broken).toEqual([broken]);
  });

  it('finds the right key when two keys of one name share a key id', () => {
    const impostor = { ...logKey, publicKey: createPublicKey(phraseKey('impostor')) };
    const { verified, broken } = checkNoteSignatures(signed('text\n'), [impostor, logKey]);
    expect(verified.map(({ key }) => key)).toEqual([logKey]);
    expect(broken).toEqual([]);
  });

  it('puts a newer signature by the same key in the place of the older one', () => {
    const note = signed('text\n');
    const later = cosignText(note.text, witness, 20);
    const twice = withSignature(withSignature(note, cosignText(note.text, witness, 10)), later);
    expect(twice.signatures).toEqual([...note.signatures, later]);
  });

  const line = PETER_NOTE.trimEnd().split('\n').at(-1)!;
  it.each([
    ['nothing', '', /no blank line/],
    ['no signatures', 'text\n\n', /no signature after/],
    ['no blank line', `text\n${line}\n`, /no blank line/],
    ['no line feed at the end', `text\n\n${line}`, /does not end in a line feed/],
    ['a carriage return', `text\r\n\n${line}\n`, /control character/],
    ['a tab', `te\txt\n\n${line}\n`, /control character/],
    ['a NUL', `te\0xt\n\n${line}\n`, /control character/],
    ['a lone surrogate', `te\ud800xt\n\n${line}\n`, /well-formed/],
    ['a hyphen instead of the em dash', `text\n\n-${line.slice(1)}\n`, /signature 1: expected/],
    ['two spaces', `text\n\n${line.replace(' ', '  ')}\n`, /signature 1: expected/],
    ['a space after the signature', `text\n\n${line} \n`, /signature 1: expected/],
    ['a plus in the name', `text\n\n${line.replace('PeterN', 'Peter+')}\n`, /signature 1: the key name/],
    ['no name', `text\n\n— ${line.split(' ')[2]}\n`, /signature 1: expected/],
    ['base64 without padding', `text\n\n${line.slice(0, -1)}\n`, /signature 1: not base64/],
    ['non-canonical base64', `text\n\n${line.replace('AM=', 'AN=')}\n`, /signature 1: non-canonical base64/],
    ['a key id alone', `text\n\n— PeterNeumann x08gow==\n`, /signature 1: no signature after the key id/],
    ['something after the signatures', `text\n\n${line}\nmore\n`, /signature 2: expected/],
    ['101 signatures', `text\n\n${`${line}\n`.repeat(101)}`, /more than 100 signatures/],
    ['a megabyte', `${'a'.repeat(1_000_000)}\n\n${line}\n`, /longer than 1000000 bytes/],
  ])('refuses %s', (_what, note, message) => {
    expect(codeOf(() => parseNote(note))).toBe('note.malformed');
    expect(() => parseNote(note, 'this note')).toThrow(message);
    expect(() => parseNote(note, 'this note')).toThrow(/^this note: /);
  });

  it('takes 100 signatures', () => {
    expect(parseNote(`text\n\n${`${line}\n`.repeat(100)}`).signatures).toHaveLength(100);
  });

  it('refuses bytes that are not UTF-8, and keeps a byte order mark as part of the text', () => {
    expect(codeOf(() => parseNote(Buffer.concat([Buffer.of(0xff), Buffer.from(PETER_NOTE)])))).toBe('note.malformed');
    const marked = Buffer.concat([Buffer.of(0xef, 0xbb, 0xbf), Buffer.from(PETER_NOTE)]);
    expect(names(parseNote(marked), [parseVerifierKey(PETER_KEY)])).toEqual([]);
  });

  it('writes no note that would be read as something else', () => {
    const { signatures } = signed('text\n');
    for (const text of ['text', '', 'a\rb\n'])
      expect(codeOf(() => formatNote({ text, signatures }))).toBe('note.malformed');
    expect(codeOf(() => formatNote({ text: 'text\n', signatures: [] }))).toBe('note.malformed');
    expect(codeOf(() => formatNote({ text: 'text\n', signatures: [{ ...signatures[0]!, name: 'a b' }] }))).toBe(
      'note.malformed',
    );
  });

  it('property: what is written is read back, with empty lines and signature-like lines in the text too', () => {
    const textLine = fc.oneof(
      fc.string({ unit: 'grapheme' }).map((text) => text.replace(/\p{Cc}/gu, '')),
      fc.constantFrom('', line, '— x'),
    );
    fc.assert(
      fc.property(fc.array(textLine, { minLength: 1, maxLength: 6 }), fc.boolean(), (lines, cosigned) => {
        const text = `${lines.join('\n')}\n`;
        const note = cosigned ? withSignature(signed(text), cosignText(text, witness, 1_700_000_000)) : signed(text);
        const written = formatNote(note);
        expect(parseNote(written)).toEqual(note);
        expect(formatNote(parseNote(written))).toBe(written);
        expect(names(parseNote(written), [logKey, witnessKey])).toEqual(
          cosigned ? [log.name, witness.name] : [log.name],
        );
      }),
    );
  });

  it('property: a changed note is refused, or nobody known signed it, or it is the same text', () => {
    const original = Buffer.from(
      formatNote(withSignature(signed('one\n\ntwo\n'), cosignText('one\n\ntwo\n', witness, 5))),
    );
    const flip = fc.record({ at: fc.nat(original.length - 1), bit: fc.nat(7) });
    const cut = fc.record({ from: fc.nat(original.length), to: fc.nat(original.length) });
    const mutations = fc.oneof(
      flip.map(({ at, bit }) => {
        const bytes = Buffer.from(original);
        bytes[at]! ^= 1 << bit;
        return bytes;
      }),
      cut.map(({ from, to }) => Buffer.concat([original.subarray(0, from), original.subarray(to)])),
    );
    fc.assert(
      fc.property(mutations, (bytes) => {
        let note: Note;
        try {
          note = parseNote(bytes);
        } catch (error) {
          expect((error as { code?: unknown }).code).toBe('note.malformed');
          return;
        }
        expect(Buffer.from(formatNote(note))).toEqual(bytes);
        if (names(note, [logKey, witnessKey]).length > 0) expect(note.text).toBe('one\n\ntwo\n');
      }),
      { numRuns: 3000 },
    );
  });
});

describe('verifier key', () => {
  it('derives the key id from name, type and key', () => {
    const key = createPublicKey(privateKeyOf(PETER_SEED));
    expect(formatVerifierKey(verifierKey('ed25519', 'PeterNeumann', key))).toBe(PETER_KEY);
    const ids = [
      verifierKey('ed25519', 'PeterNeumann', key),
      verifierKey('cosignature/v1', 'PeterNeumann', key),
      verifierKey('ed25519', 'PeterNeumann2', key),
    ].map(({ keyId }) => keyId);
    expect(new Set(ids).size).toBe(3);
  });

  it('reads a witness key of the public witness network, and one whose base64 has a plus', () => {
    expect(parseVerifierKey('remora.n621.de+da77ade7+BOvN63jn/bLvkieywe8R6UYAtVtNbZpXh34x7onlmtw2')).toMatchObject({
      type: 'cosignature/v1',
      name: 'remora.n621.de',
      keyId: 'da77ade7',
    });
    expect(parseVerifierKey('TEST+7997405c+AQcC+FTVKf0jlTdHDY3rbevmnKxxPjigCXlVtGe6RIr6').name).toBe('TEST');
  });

  it.each([
    ['nothing', '', /expected name\+8 hex digits\+base64/],
    ['no name', PETER_KEY.slice('PeterNeumann'.length), /expected name/],
    ['a name with a space', PETER_KEY.replace('Peter', 'Peter '), /white space/],
    ['a key id in capitals', PETER_KEY.replace('c74f20a3', 'C74F20A3'), /expected name/],
    ['another key id', PETER_KEY.replace('c74f20a3', 'c74f20a4'), /the key id is c74f20a4.* have c74f20a3/],
    ['another name', PETER_KEY.replace('Peter', 'Pieter'), /the key id is c74f20a3/],
    ['another key', PETER_KEY.replace('10TW', '10TX'), /the key id is c74f20a3/],
    ['an unknown type', PETER_KEY.replace('+ARpc', '+ZRpc'), /key type 101/],
    ['a longer key', `${PETER_KEY}AAAA`, /the key has 35 bytes/],
    ['a shorter key', PETER_KEY.slice(0, -4), /the key has 29 bytes/],
    ['no base64', PETER_KEY.replace('10TW', '10T*'), /not base64/],
    ['a space at the end', `${PETER_KEY} `, /not base64/],
  ])('refuses %s', (_what, text, message) => {
    expect(codeOf(() => parseVerifierKey(text))).toBe('key.malformed');
    expect(() => parseVerifierKey(text, 'log_keys.0')).toThrow(message);
    expect(() => parseVerifierKey(text, 'log_keys.0')).toThrow(/^log_keys\.0: /);
  });

  it('refuses names that a signature line could not hold, and keys other than Ed25519', () => {
    const { publicKey } = logKey;
    for (const name of ['', 'a b', 'a+b', 'a\u00a0b', 'a\u2003b', 'a\nb', 'a\u0085b'])
      expect(codeOf(() => verifierKey('ed25519', name, publicKey))).toBe('key.malformed');
    const otherKind = generateKeyPairSync('ec', { namedCurve: 'P-256' }).publicKey;
    expect(codeOf(() => verifierKey('ed25519', 'name', otherKind))).toBe('key.malformed');
  });
});

describe('cosignature', () => {
  // A checkpoint of a public log as a public witness cosigned it; the keys are the published ones of log and witness.
  const PUBLIC_NOTE = `arche2025h1.staging.ct.transparency.dev
1432088532
U7WM79jrzyhGZ5/GUBTpM7NzwdyfFx61t3RovgcC4Ro=

— arche2025h1.staging.ct.transparency.dev zTM8sQAAAZ5W0WdjBAMARjBEAiBjW5IQf9pvsYLfQFX6hoGREPMHbdQ3urbllzalApkptQIgIpwtEroeW2BXaHAI4kJXFbon5Ch9MNL5zRNZ55lvGt0=
— arche2025h1.staging.ct.transparency.dev ui8GwCF1+kWqZrxGdhj4aX3gcw7XUlXQQabg/27lefwhUkzbC3NygNI75MdhL1bfTW9g8Ei59RA23oHP7Ry1k3ZFWwQ=
— remora.n621.de 2net5wAAAABqEiEgPlfF3V06o0Y+fHM+J5J9s27wgxxcOVSpZ/2g/KSiXCg9DEZI+aVCIobWX9sXTynk5XeU/zZ0WBxtqB0DrAWfBw==
`;
  const ARCHE = parseVerifierKey(
    'arche2025h1.staging.ct.transparency.dev+ba2f06c0+AU0vHmlGCS/PdN8b2OaGmKprLI8HKM+dJ472xgFYh15f',
  );
  const REMORA = parseVerifierKey('remora.n621.de+da77ade7+BOvN63jn/bLvkieywe8R6UYAtVtNbZpXh34x7onlmtw2');

  it('verifies one of a public witness, beside the signature of a public log', () => {
    const { verified, broken } = checkNoteSignatures(parseNote(PUBLIC_NOTE), [ARCHE, REMORA]);
    expect(broken).toEqual([]);
    expect(verified).toEqual([
      { key: ARCHE, time: null },
      { key: REMORA, time: 0x6a122120 },
    ]);
    const grown = parseNote(PUBLIC_NOTE.replace('1432088532', '1432088533'));
    expect(checkNoteSignatures(grown, [ARCHE, REMORA])).toMatchObject({ verified: [], broken: { length: 2 } });
  });

  it('covers the text and the time', () => {
    const text = 'log.example/cap/1\n1\nAAAA\n';
    const good = cosignText(text, witness, 1_700_000_000);
    expect(good.signature).toHaveLength(72);
    expect(checkNoteSignatures({ text, signatures: [good] }, [witnessKey]).verified).toEqual([
      { key: witnessKey, time: 1_700_000_000 },
    ]);
    for (let bit = 0; bit < 72 * 8; bit++) {
      const signature = Buffer.from(good.signature);
      signature[bit >> 3]! ^= 1 << (bit & 7);
      expect(checkNoteSignatures({ text, signatures: [{ ...good, signature }] }, [witnessKey]).verified).toEqual([]);
    }
    const other = { text: `${text}more\n`, signatures: [good] };
    expect(checkNoteSignatures(other, [witnessKey])).toEqual({ verified: [], broken: [good] });
  });

  it('is not a signature of a log, nor the other way round, under one key and name', () => {
    const text = 'text\n';
    const key = witness.privateKey;
    const asLog = verifierKey('ed25519', witness.name, createPublicKey(key));
    const cosignature = { ...cosignText(text, witness, 1), keyId: asLog.keyId };
    const bare = { ...cosignature, signature: cosignature.signature.subarray(8) };
    const asWitness = { ...signNoteText(text, witness), keyId: witnessKey.keyId };
    const padded = { ...asWitness, signature: Buffer.concat([Buffer.alloc(8), asWitness.signature]) };
    for (const [signature, known] of [
      [cosignature, asLog],
      [bare, asLog],
      [asWitness, witnessKey],
      [padded, witnessKey],
    ] as const)
      expect(checkNoteSignatures({ text, signatures: [signature] }, [known])).toEqual({
        verified: [],
        broken: [signature],
      });
  });

  it('refuses a time that is no whole number of seconds', () => {
    for (const time of [-1, 0.5, NaN, 2 ** 53])
      expect(codeOf(() => cosignText('text\n', witness, time))).toBe('note.time');
  });
});
