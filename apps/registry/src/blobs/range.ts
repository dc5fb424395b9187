import type { FastifyReply } from 'fastify';
import { CapError } from '@cap/core';
import type { ByteRange } from '@cap/contracts';

/**
 * The part of `size` bytes that a Range header requests (RFC 9110, a single byte range), or undefined for all of them: other units
 * and lists of ranges may be ignored. CapError request.range (416) if the part lies outside.
 */
export function requestedRange(header: string | undefined, size: number): Required<ByteRange> | undefined {
  const [matched, from = '', to = ''] = /^bytes=(\d{0,15})-(\d{0,15})$/.exec(header ?? '') ?? [];
  if (matched === undefined || (from === '' && to === '')) return undefined;
  const first = from === '' ? Math.max(0, size - Number(to)) : Number(from);
  const last = from === '' || to === '' ? size - 1 : Math.min(Number(to), size - 1);
  if (from !== '' && to !== '' && Number(to) < Number(from)) return undefined;
  if (first > last)
    throw new CapError('request.range', `${header} is outside the ${size} bytes of this BLOB.`, {
      status: 416,
      headers: { 'content-range': `bytes */${size}` },
    });
  return { first, last };
}

/** Sets status and headers of an answer with all `size` bytes or a part of them. */
export function setRangeHeaders(reply: FastifyReply, size: number, range: Required<ByteRange> | undefined): void {
  reply.header('content-type', 'application/octet-stream').header('accept-ranges', 'bytes');
  if (!range) return void reply.header('content-length', size);
  reply
    .status(206)
    .header('content-range', `bytes ${range.first}-${range.last}/${size}`)
    .header('content-length', range.last - range.first + 1);
}
