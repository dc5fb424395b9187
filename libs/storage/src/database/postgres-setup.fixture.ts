/** jest's global set-up of the scale-out profile: one PostgreSQL server for all test files. */
import { PostgresServer } from './postgres.fixture.js';

export default async function start(): Promise<() => Promise<void>> {
  const server = await PostgresServer.start();
  process.env.CAP_TEST_POSTGRES = server.url;
  return () => server.stop();
}
