import { expect, it } from '@jest/globals';
import { greeter, testdata } from '../greeter.fixture.js';
import { Expiries } from './expiry.js';

async function running(document: Record<string, Record<string, unknown>> = {}) {
  const { service, metrics } = await greeter(document);
  const samples = async () =>
    (await metrics.metrics()).split('\n').filter((line) => line.startsWith('cap_expiry_timestamp_seconds{'));
  return { service, samples };
}

it('tells when what is in use expires, as it is at each scrape', async () => {
  const { service, samples } = await running();
  let expiresAt = new Date('2027-01-01T00:00:00Z');
  service.app.get(Expiries).add(() => [{ kind: 'signing-key', name: 'abc', expiresAt }]);
  expect(await samples()).toEqual(['cap_expiry_timestamp_seconds{kind="signing-key",name="abc"} 1798761600']);
  expiresAt = new Date('2028-01-01T00:00:00Z');
  expect(await samples()).toEqual(['cap_expiry_timestamp_seconds{kind="signing-key",name="abc"} 1830297600']);
  await service.stop();
});

it('tells of the certificate that is served', async () => {
  const [cert, key] = [testdata('first.crt'), testdata('first.key')];
  const { service, samples } = await running({ tls: { mode: 'tls', cert, key } });
  expect(await samples()).toEqual([
    expect.stringMatching(/^cap_expiry_timestamp_seconds\{kind="certificate",name=".*first\.crt"\} \d{10}$/),
  ]);
  await service.stop();
});
