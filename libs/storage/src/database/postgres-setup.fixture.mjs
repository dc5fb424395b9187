/** jest's global set-up of the scale-out profile: one PostgreSQL server for all test files. */
import { PostgresServer } from './postgres.fixture.ts';

let server;

export default async function start() {
  server = await PostgresServer.start();
  process.env.CAP_TEST_POSTGRES = server.url;
}

export const stop = () => server.stop();
