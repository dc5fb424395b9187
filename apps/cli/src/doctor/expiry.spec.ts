import path from 'node:path';
import { expect, it } from '@jest/globals';
import { generateKey } from '@cap/crypto/key-files';
import { scratch } from '../cli.fixture.js';
import { authoritiesEnd, keyEnd, signersEnd, untilEnd } from './expiry.js';

const NOW = new Date('2026-11-06T10:00:00Z');
const inDays = (days: number) => new Date(NOW.getTime() + days * 86_400_000);
const outcome = async (look: () => unknown): Promise<string> => {
  try {
    const found = await look();
    return typeof found === 'string' ? 'ok' : 'warn';
  } catch {
    return 'fail';
  }
};

it.each([
  [31, 'ok'],
  [29, 'warn'],
  [0, 'warn'],
  [-1, 'fail'],
])('what ends in %d days is %s', async (days, expected) => {
  expect(await outcome(() => untilEnd('it', inDays(days), NOW))).toBe(expected);

  const directory = await scratch();
  const options = { owner: 'backup worker', usage: ['backup'], validFrom: inDays(-730) } as const;
  const { kid } = await generateKey(directory, { ...options, validDays: 730 + days });
  expect(await outcome(() => keyEnd(path.join(directory, `${kid}.key`), NOW))).toBe(expected);

  const signer = (owner: string, end: number) => ({ owner, valid_to: inDays(end).toISOString() });
  const store = (...signers: object[]) => ({ signers }) as unknown as Parameters<typeof signersEnd>[0];
  expect(await outcome(() => signersEnd(store(signer('ACME', days)), NOW))).toBe(expected);
  // An old key of somebody who has a newer one is history; somebody else's alone is a warning.
  expect(await outcome(() => signersEnd(store(signer('ACME', days), signer('ACME', 365)), NOW))).toBe('ok');
  expect(await outcome(() => signersEnd(store(signer('ACME', days), signer('Muster', 365)), NOW))).toBe(
    expected === 'ok' ? 'ok' : 'warn',
  );
});

it('a key without a record has no end', async () => {
  expect(await keyEnd(path.join(await scratch(), 'log.key'), NOW)).toContain('does not expire');
});

it('authorities count by the first that ends', async () => {
  const file = 'libs/service-kit/testdata/first.crt';
  expect(await outcome(() => authoritiesEnd(file, new Date('2027-01-01T00:00:00Z')))).toBe('ok');
  expect(await outcome(() => authoritiesEnd(file, new Date('2226-01-01T00:00:00Z')))).toBe('fail');
});
