import { randomUUID } from 'node:crypto';
import { buffer } from 'node:stream/consumers';
import { Injectable } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { CapError } from '@cap/core';
import type { StoredAnswer } from '@cap/contracts';
import { blake3Text, type Digest, lengthPrefixed, sha256, sha3Text } from '@cap/crypto';
import { RegistryConnection, type Principal } from '@cap/service-kit';
import { idempotencyKeyOf } from './idempotency-key.js';

/** A key outlives its request by this at most, when the process dies between the two. */
const LEASE_SECONDS = 20;
const RENEW_MS = 5_000;
/** How long an answer that is no success waits for its key to be given back. */
const RELEASE_MS = 2_000;

export interface Written {
  status?: number;
  /** An object, or the bytes of its JSON. */
  body: object | Buffer;
}

interface Key {
  readonly id: Digest;
  readonly lease: string;
}

/** What a request sends beside its query. */
export const bodyDigest = ({ rawBody }: FastifyRequest): string => (rawBody ? sha256(rawBody).toString('base64') : '');

const digestOf = (...fields: string[]): Digest => sha3Text(Buffer.concat(fields.map(lengthPrefixed)));

/**
 * Writes that a caller may send again: under an `Idempotency-Key` the first success is answered again, status and body, for
 * 24 h, whichever replica is asked. Only successes are kept, since nothing else has changed anything. A key belongs to the
 * token's subject and the route.
 */
@Injectable()
export class IdempotentWrites {
  constructor(private readonly registry: RegistryConnection) {}

  /**
   * Answers with what `write` gives, or gave. `content` digests what the request sends beside its query; asked only if there
   * is a key. Throws CapError request.schema, CapError idempotency.mismatch, idempotency.in-flight.
   */
  async answer(
    request: FastifyRequest,
    reply: FastifyReply,
    principal: Principal,
    content: () => string | Promise<string>,
    write: () => Promise<Written>,
  ): Promise<Buffer> {
    const { status = 200, body } = await this.#once(request, reply, principal, content, write);
    reply.status(status).header('content-type', 'application/json; charset=utf-8');
    return toBytes(body);
  }

  async #once(
    request: FastifyRequest,
    reply: FastifyReply,
    { subject }: Principal,
    content: () => string | Promise<string>,
    write: () => Promise<Written>,
  ): Promise<Written> {
    const text = idempotencyKeyOf(request);
    if (text === undefined) return write();
    const { method, url, routeOptions } = request;
    const query = url.slice(`${url}?`.indexOf('?'));
    const key = { id: digestOf(subject, method, routeOptions.url!, text), lease: randomUUID() };
    const { answer } = await this.registry.client.reserveKey(
      {
        key_id: key.id,
        request_digest: digestOf(query, await content()),
        lease_id: key.lease,
        lease_seconds: LEASE_SECONDS,
      },
      { requestId: request.id },
    );
    if (!answer) return this.#first(key, write, request.id);
    reply.header('idempotency-replayed', 'true');
    return this.#kept(answer, request.id);
  }

  async #first({ id, lease }: Key, write: () => Promise<Written>, requestId: string): Promise<Written> {
    const { client } = this.registry;
    const renew = () => client.renewKey(id, { lease_id: lease, lease_seconds: LEASE_SECONDS }).catch(() => undefined);
    const renewing = setInterval(renew, RENEW_MS).unref();
    let kept = false;
    try {
      const { status = 200, body } = await write();
      const written = { status, body: toBytes(body) };
      if (status < 300) {
        // Not answered before it is kept: who hears nothing sends it again, and must not find the key free.
        await client.finishKey(id, { lease_id: lease, status }, written.body, { requestId });
        kept = true;
      }
      return written;
    } finally {
      clearInterval(renewing);
      if (!kept)
        await client
          .releaseKey(id, lease, { requestId, signal: AbortSignal.timeout(RELEASE_MS) })
          .catch(() => undefined); // The lease ends by itself.
    }
  }

  async #kept({ status, blob_id }: StoredAnswer, requestId: string): Promise<Written> {
    const download = await this.registry.client.findBlob(blob_id, undefined, { requestId });
    if (!download)
      throw new CapError('idempotency.in-flight', 'The key expired while this request was running; send it again.');
    const body = await buffer(download.stream);
    if (blake3Text(body) !== blob_id)
      throw new CapError('registry.unavailable', `The registry returned wrong bytes for ${blob_id}.`);
    return { status, body };
  }
}

const toBytes = (body: object | Buffer): Buffer => (Buffer.isBuffer(body) ? body : Buffer.from(JSON.stringify(body)));
