import { beforeAll, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { isCapError, jcs, parseJson, type JsonObject, type JsonValue } from '@cap/core';
import { readBundle } from '@cap/proof/bundle';
import { CHECK_IDS } from './report/checks.js';
import type { VerificationSources } from './inputs.js';
import { makeBundle, sourcesFor, tampered, verify, zipped, type Made } from './verification.fixture.js';

let made: Made;
let sources: VerificationSources;
beforeAll(async () => {
  made = await makeBundle();
  sources = sourcesFor(made);
});

const NAMES = [
  '_meta.json',
  'manifest.json',
  'proof.capz',
  'policy.json',
  'README.txt',
  'reference/sanctions.csv',
  'reference/jurisdictions.csv',
];

/** The result, or the code of the container error. Any other error is a fault of the verifier and fails the test. */
async function outcome(zip: Buffer): Promise<string> {
  try {
    const { result, report } = await verify(zip, sources, { audience: 'auditor', nonce: 'n-1' });
    expect(report.checks).toHaveLength(CHECK_IDS.length);
    return result;
  } catch (error) {
    if (isCapError(error) && ['bundle.unreadable', 'bundle.limit'].includes(error.code)) return error.code;
    throw error;
  }
}

const never = async (arbitrary: fc.Arbitrary<() => Buffer>, results: string[], numRuns: number) =>
  fc.assert(
    fc.asyncProperty(arbitrary, async (make) => {
      expect(results).not.toContain(await outcome(make()));
    }),
    { numRuns },
  );

const flipped = (bytes: Buffer, bit: number): Buffer => {
  const changed = Buffer.from(bytes);
  const place = Math.floor(bit / 8) % changed.length;
  changed[place]! ^= 1 << (bit % 8);
  return changed;
};

describe('a bundle that was changed after signing', () => {
  it('was right before', async () => {
    expect(await outcome(made.zip)).toBe('ok');
    expect(await outcome(zipped(made.files))).toBe('ok');
  });

  it.each(NAMES)('%s: any bit flipped fails', async (name) => {
    const change = (bit: number) => () =>
      tampered(made, { after: (files) => files.set(name, flipped(files.get(name)!, bit)) });
    await never(fc.nat().map(change), ['ok', 'warn'], 100);
  });

  it.each(NAMES)('%s: cut off or prolonged fails', async (name) => {
    const change = (length: number) => () =>
      tampered(made, {
        after: (files) =>
          files.set(
            name,
            length < 0
              ? Buffer.concat([files.get(name)!, Buffer.alloc(-length)])
              : files.get(name)!.subarray(0, length % files.get(name)!.length),
          ),
      });
    await never(
      fc
        .integer({ min: -100, max: 5_000 })
        .filter((length) => length !== 0)
        .map(change),
      ['ok', 'warn'],
      30,
    );
  });

  it('signatures.json: a flipped bit of payload, key id or signature fails', async () => {
    const envelope = JSON.parse(made.files.get('signatures.json')!.toString()) as {
      payload: string;
      payloadType: string;
      signatures: { sig: string; keyid: string }[];
    };
    const flip = (text: string, bit: number) => flipped(Buffer.from(text), bit).toString('latin1');
    const change =
      ([member, bit]: [string, number]) =>
      () => {
        const copy = JSON.parse(JSON.stringify(envelope)) as typeof envelope;
        if (member === 'sig' || member === 'keyid')
          copy.signatures[0]![member] = flip(copy.signatures[0]![member], bit);
        else copy[member as 'payload'] = flip(copy[member as 'payload'], bit);
        return tampered(made, { after: (files) => files.set('signatures.json', jcs(copy)) });
      };
    await never(
      fc.tuple(fc.constantFrom('payload', 'payloadType', 'sig', 'keyid'), fc.nat()).map(change),
      ['ok', 'warn'],
      200,
    );
  });

  it('files swapped between two bundles fail', async () => {
    const other = await makeBundle({ signer: made.signer });
    for (const name of ['_meta.json', 'manifest.json', 'proof.capz', 'signatures.json'])
      expect(await outcome(tampered(made, { after: (files) => files.set(name, other.files.get(name)!) }))).toBe('fail');
    const swapped = (...names: string[]) =>
      tampered(made, { after: (files) => names.forEach((name) => files.set(name, other.files.get(name)!)) });
    expect(await outcome(swapped('_meta.json', 'signatures.json'))).toBe('fail');
    expect(await outcome(swapped('_meta.json', 'signatures.json', 'manifest.json'))).toBe('fail');
    expect(await outcome(swapped('_meta.json', 'signatures.json', 'proof.capz'))).toBe('fail');
    expect(await outcome(swapped('_meta.json', 'signatures.json', 'manifest.json', 'proof.capz'))).toBe('ok');
  });
});

describe('a zip that was damaged', () => {
  it('never gets a better verdict than the intact one, and no other error than one about the container', async () => {
    const change = (bits: number[]) => () => bits.reduce(flipped, made.zip);
    // Bits of a local time stamp aside, which no reader uses but which must agree with the directory's, nothing in a zip is free.
    await fc.assert(
      fc.asyncProperty(fc.array(fc.nat(), { minLength: 1, maxLength: 3 }).map(change), async (make) => {
        expect(['ok', 'fail', 'bundle.unreadable', 'bundle.limit']).toContain(await outcome(make()));
      }),
      { numRuns: 250 },
    );
  });

  it('is refused when it is cut off anywhere', async () => {
    await never(
      fc.nat().map((length) => () => made.zip.subarray(0, length % made.zip.length)),
      ['ok', 'warn', 'fail'],
      300,
    );
  });

  it('is refused when bytes were put into it anywhere', async () => {
    const change =
      ([place, bytes]: [number, Uint8Array]) =>
      () => {
        const at = place % (made.zip.length + 1);
        return Buffer.concat([made.zip.subarray(0, at), bytes, made.zip.subarray(at)]);
      };
    await never(
      fc.tuple(fc.nat(), fc.uint8Array({ minLength: 1, maxLength: 40 })).map(change),
      ['ok', 'warn', 'fail'],
      300,
    );
  });
});

/** Any value in place of any member of a JSON document, or the member left out. */
const mutated = (document: () => JsonValue): fc.Arbitrary<JsonValue> =>
  fc
    .tuple(
      fc.nat(),
      fc.option(
        fc.oneof(
          fc.jsonValue() as fc.Arbitrary<JsonValue>,
          fc.constantFrom<JsonValue>('', -1, 1e300, [], {}, '0x', null, 'main', true),
        ),
      ),
    )
    .map(([place, value]) => {
      const copy = JSON.parse(JSON.stringify(document())) as JsonValue;
      const holders: [JsonObject | JsonValue[], string][] = [];
      const walk = (holder: JsonValue) => {
        if (holder === null || typeof holder !== 'object') return;
        for (const [key, member] of Object.entries(holder)) {
          holders.push([holder, key]);
          walk(member);
        }
      };
      walk(copy);
      const [holder, key] = holders[place % holders.length]!;
      if (value === null) delete (holder as JsonObject)[key];
      else (holder as JsonObject)[key] = value;
      return copy;
    });

describe('a dishonest prover who signs whatever he likes', () => {
  const resigned = (change: Parameters<typeof tampered>[1]) => tampered(made, { ...change, signers: [made.signer] });

  /** _meta.json without what is the prover's to choose: label, time, content types, a unit's id. */
  const bound = (meta: JsonValue) =>
    JSON.stringify({ ...(meta as JsonObject), label: '', created_at: '' }, (key, value: JsonValue) =>
      (key === 'content_type' || key === 'id') && typeof value === 'string' ? '' : value,
    );

  it('gets a verdict for any _meta.json', async () => {
    const meta = () => parseJson(made.files.get('_meta.json')!, 'meta');
    await fc.assert(
      fc.asyncProperty(mutated(meta), async (changed) => {
        const zip = resigned({
          meta: (record) => (Object.keys(record).forEach((key) => delete record[key]), Object.assign(record, changed)),
        });
        const result = await outcome(zip);
        if (bound(changed) !== bound(meta())) expect(result).not.toBe('ok');
      }),
      { numRuns: 250 },
    );
  });

  it('gets no ok for any other manifest', async () => {
    const manifest = () => parseJson(made.files.get('manifest.json')!, 'manifest');
    await fc.assert(
      fc.asyncProperty(mutated(manifest), async (changed) => {
        if (JSON.stringify(changed) === JSON.stringify(manifest())) return;
        let bytes: Buffer;
        try {
          bytes = jcs(changed);
        } catch {
          bytes = Buffer.from(JSON.stringify(changed));
        }
        expect(await outcome(resigned({ files: (files) => files.set('manifest.json', bytes) }))).toBe('fail');
      }),
      { numRuns: 250 },
    );
  });

  it('gets no ok for any other proof', async () => {
    const proof = made.files.get('proof.capz')!;
    const payload = () => JSON.parse(proof.subarray(78).toString()) as JsonValue;
    await fc.assert(
      fc.asyncProperty(mutated(payload), async (changed) => {
        if (JSON.stringify(changed) === JSON.stringify(payload())) return;
        const bytes = Buffer.from(JSON.stringify(changed));
        const container = Buffer.concat([proof.subarray(0, 78), bytes]);
        container.writeUInt32LE(bytes.length, 72);
        expect(await outcome(resigned({ files: (files) => files.set('proof.capz', container) }))).toBe('fail');
      }),
      { numRuns: 250 },
    );
  });

  it('gets a verdict for any signatures.json', async () => {
    const envelope = () => parseJson(made.files.get('signatures.json')!, 'signatures');
    await fc.assert(
      fc.asyncProperty(mutated(envelope), async (changed) => {
        const result = await outcome(
          tampered(made, { after: (files) => files.set('signatures.json', Buffer.from(JSON.stringify(changed))) }),
        );
        expect(['ok', 'fail']).toContain(result);
      }),
      { numRuns: 150 },
    );
  });

  it('gets a verdict for any bytes in place of any file', async () => {
    const replace =
      ([name, bytes]: [string, Uint8Array]) =>
      () =>
        resigned({ files: (files) => files.set(name, Buffer.from(bytes)) });
    await fc.assert(
      fc.asyncProperty(
        fc
          .tuple(
            fc.constantFrom('manifest.json', 'proof.capz', 'policy.json', 'reference/sanctions.csv'),
            fc.uint8Array({ maxLength: 300 }),
          )
          .map(replace),
        async (make) => {
          expect(['ok', 'fail']).toContain(await outcome(make()));
        },
      ),
      { numRuns: 100 },
    );
  });
});

describe('files that are only meant to keep a parser busy', () => {
  const nested = Buffer.from('['.repeat(200_000) + ']'.repeat(200_000));
  const huge = Buffer.from(JSON.stringify(Array.from({ length: 700_000 }, (_, i) => i)));

  it.each([
    ['manifest.json', 'manifest.schema'],
    ['signatures.json', 'signature.present'],
    ['policy.json', 'files.hash'],
  ])('%s fails %s', async (name, check) => {
    for (const bytes of [nested, huge]) {
      const zip = tampered(made, { after: (files) => files.set(name, bytes) });
      const { report } = await verify(zip, { ...sources, policyByHash: () => null });
      expect(report.checks.find(({ id }) => id === check)!.status).toBe('fail');
    }
  });

  it('a long payload is read, not choked on', async () => {
    const envelope = { payload: 'A'.repeat(3_900_000), payloadType: 'x', signatures: [{ keyid: '', sig: '' }] };
    const zip = tampered(made, {
      after: (files) => files.set('signatures.json', Buffer.from(JSON.stringify(envelope))),
    });
    expect(await outcome(zip)).toBe('fail');
  });

  it('a deeply nested _meta.json is refused', async () => {
    expect(await outcome(tampered(made, { after: (files) => files.set('_meta.json', nested) }))).toBe(
      'bundle.unreadable',
    );
  });
});

it('a damaged bundle leaves no trace on the next one', async () => {
  await readBundle(made.zip.subarray(0, 100)).catch(() => undefined);
  expect(await outcome(made.zip)).toBe('ok');
});
