import { expect, it } from '@jest/globals';
import { register } from 'prom-client';
import { greeter, testdata } from '../greeter.fixture.js';
import { exposeEndings } from './expiry.js';

const samples = async () =>
  (await register.metrics()).split('\n').filter((line) => line.startsWith('cap_expiry_timestamp_seconds{'));

it('tells when what is in use ends, and no longer once it is not', async () => {
  let ends = new Date('2027-01-01T00:00:00Z');
  const conceal = exposeEndings(() => [{ kind: 'signing-key', name: 'abc', ends }]);
  expect(await samples()).toEqual(['cap_expiry_timestamp_seconds{kind="signing-key",name="abc"} 1798761600']);
  ends = new Date('2028-01-01T00:00:00Z');
  expect(await samples()).toEqual(['cap_expiry_timestamp_seconds{kind="signing-key",name="abc"} 1830297600']);
  conceal();
  expect(await samples()).toEqual([]);
});

it('tells of the certificate that is served', async () => {
  const [cert, key] = [testdata('first.crt'), testdata('first.key')];
  const { service } = await greeter({ tls: { mode: 'tls', cert, key } });
  expect(await samples()).toEqual([
    expect.stringMatching(/^cap_expiry_timestamp_seconds\{kind="certificate",name=".*first\.crt"\} \d{10}$/),
  ]);
  await service.stop();
  expect(await samples()).toEqual([]);
});
