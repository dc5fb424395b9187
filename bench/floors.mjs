/**
 * Floors on the framework that the services use, in a process of their own: `/bare` takes a body and a query, parses,
 * validates and echoes; `/kit` does so behind the services' log, metrics and request hooks. Prints its URLs as JSON.
 */
import { createRequire } from 'node:module';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { root } from '../scripts/setup.mjs';

const load = (from, name) =>
  import(pathToFileURL(createRequire(path.join(root, from, 'package.json')).resolve(name)).href);
const { z } = await load('apps/verifier-api', 'zod');
await load('apps/verifier-api', 'reflect-metadata');
const { Body, Controller, HttpCode, Module, Post, Query, Res } = await load('apps/verifier-api', '@nestjs/common');
const { NestFactory } = await load('apps/verifier-api', '@nestjs/core');
const { FastifyAdapter } = await load('apps/verifier-api', '@nestjs/platform-fastify');
const { Consumes, createService, Public } = await import(
  pathToFileURL(path.join(root, 'libs/service-kit/dist/index.js')).href
);
const { loadConfig } = await import(pathToFileURL(path.join(root, 'libs/config/dist/index.js')).href);

const query = z.strictObject({ policy_id: z.string().optional(), at: z.string().optional() });
const ZIP = { mediaType: 'application/zip', parse: (bytes) => bytes, limit: 'bundle_bytes' };

/** What decorators would write, in plain JavaScript. */
function echoModule({ query: taken = Query(), more = [] } = {}) {
  class EchoController {
    echo(asked, body, reply) {
      query.parse(asked);
      reply.header('content-type', 'application/json; charset=utf-8');
      return body;
    }
  }
  const descriptor = Object.getOwnPropertyDescriptor(EchoController.prototype, 'echo');
  for (const decorate of [Post('echo'), HttpCode(200), ...more]) decorate(EchoController.prototype, 'echo', descriptor);
  taken(EchoController.prototype, 'echo', 0);
  Body()(EchoController.prototype, 'echo', 1);
  Res({ passthrough: true })(EchoController.prototype, 'echo', 2);
  Controller()(EchoController);
  class EchoModule {}
  Module({ controllers: [EchoController] })(EchoModule);
  return EchoModule;
}

const adapter = new FastifyAdapter();
adapter
  .getInstance()
  .addContentTypeParser(ZIP.mediaType, { parseAs: 'buffer', bodyLimit: 1e8 }, async (_, body) => body);
const bare = await NestFactory.create(echoModule(), adapter, { logger: false });
await bare.listen(0, '127.0.0.1');

const kit = await createService(
  {
    binary: 'floor',
    module: () => echoModule({ query: Query({ schema: query }), more: [Public(), Consumes(ZIP)] }),
  },
  loadConfig({
    role: 'verifier',
    document: { server: { management_bind: '127.0.0.1:0' }, oauth: oauthOf(process.argv[2]) },
  }),
  { logOutput: process.stderr },
);
const { management } = await kit.listen();
process.stdout.write(`${JSON.stringify({ bare: await bare.getUrl(), kit: management })}\n`);
process.once('SIGTERM', () => process.exit(0));

function oauthOf(publicKey) {
  return { issuer: 'cap-dev-issuer', audience: 'cap-verifier', public_key_path: publicKey };
}
