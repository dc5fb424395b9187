/** What an object store checks of a request before it does anything: signature version 4 in the header, clock, body hash. */
import { createHash, createHmac, timingSafeEqual } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { crc32 } from 'node:zlib';

/** An error answer of the store. */
export class Refusal extends Error {
  readonly status: number;
  readonly code: string;
  constructor(status: number, code: string, message = code) {
    super(message);
    this.status = status;
    this.code = code;
  }
}

export interface Keys {
  /** Secret of each access key id. */
  secrets: Record<string, string>;
  region: string;
  now: () => Date;
}

const SKEW_MS = 15 * 60_000;
const hmac = (key: string | Buffer, text: string) => createHmac('sha256', key).update(text).digest();
const sha256Hex = (data: string | Uint8Array) => createHash('sha256').update(data).digest('hex');
const encode = (text: string) =>
  encodeURIComponent(text).replace(/[!'()*]/g, (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`);
const header = (request: IncomingMessage, name: string) => request.headers[name]?.toString() ?? '';

const AUTHORIZATION =
  /^AWS4-HMAC-SHA256 Credential=([^/,]+)\/(\d{8})\/([^/,]+)\/s3\/aws4_request, ?SignedHeaders=([a-z0-9;-]+), ?Signature=([0-9a-f]{64})$/;

/** Throws a Refusal unless the header was signed with a key that is known, for this moment and region. */
export function checkSignature(request: IncomingMessage, url: URL, { secrets, region, now }: Keys): void {
  const authorization = header(request, 'authorization');
  if (!authorization) throw new Refusal(403, 'AccessDenied', 'Anonymous access is forbidden.');
  const [, keyId, day, signedRegion, signedHeaders, signature] = AUTHORIZATION.exec(authorization) ?? [];
  if (!keyId || !day || !signedHeaders || !signature || signedRegion !== region)
    throw new Refusal(400, 'AuthorizationHeaderMalformed', `expecting the region ${region}`);
  const secret = Object.hasOwn(secrets, keyId) ? secrets[keyId] : undefined;
  if (secret === undefined) throw new Refusal(403, 'InvalidAccessKeyId');
  const names = signedHeaders.split(';');
  refuseUnsigned(request, names);

  const date = header(request, 'x-amz-date');
  const [, y, mo, d, h, mi, s] = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/.exec(date) ?? [];
  if (!y || !date.startsWith(day)) throw new Refusal(403, 'AccessDenied', 'x-amz-date is missing or of another day');
  if (Math.abs(Date.parse(`${y}-${mo}-${d}T${h}:${mi}:${s}Z`) - now().getTime()) > SKEW_MS)
    throw new Refusal(403, 'RequestTimeTooSkewed');

  const scope = `${day}/${region}/s3/aws4_request`;
  const text = ['AWS4-HMAC-SHA256', date, scope, sha256Hex(canonical(request, url, names))].join('\n');
  const key = [day, region, 's3', 'aws4_request'].reduce((at, part) => hmac(at, part), Buffer.from(`AWS4${secret}`));
  if (!timingSafeEqual(hmac(key, text), Buffer.from(signature, 'hex')))
    throw new Refusal(403, 'SignatureDoesNotMatch', `StringToSign was ${text}`);
}

function refuseUnsigned(request: IncomingMessage, names: string[]): void {
  const must = Object.keys(request.headers).filter((name) => name === 'host' || name.startsWith('x-amz-'));
  for (const name of must)
    if (!names.includes(name)) throw new Refusal(403, 'AccessDenied', `the header ${name} was not signed`);
}

function canonical(request: IncomingMessage, url: URL, names: string[]): string {
  const query = [...url.searchParams]
    .map(([name, value]) => `${encode(name)}=${encode(value)}`)
    .sort()
    .join('&');
  const headers = names.map((name) => `${name}:${header(request, name).trim().replace(/ +/g, ' ')}\n`).join('');
  const path = decodeURIComponent(url.pathname).split('/').map(encode).join('/');
  return [request.method, path, query, headers, names.join(';'), header(request, 'x-amz-content-sha256')].join('\n');
}

const TRAILER = 'STREAMING-UNSIGNED-PAYLOAD-TRAILER';

/** The body that was meant, after its hash and checksums were found right. */
export function checkedBody(request: IncomingMessage, sent: Buffer): Buffer {
  const claimed = header(request, 'x-amz-content-sha256');
  if (claimed === TRAILER) {
    const body = unchunked(sent);
    if (String(body.length) !== header(request, 'x-amz-decoded-content-length'))
      throw new Refusal(400, 'IncompleteBody', 'x-amz-decoded-content-length is another');
    return body;
  }
  if (claimed !== 'UNSIGNED-PAYLOAD') {
    if (!/^[0-9a-f]{64}$/.test(claimed)) throw new Refusal(501, 'NotImplemented', `x-amz-content-sha256 ${claimed}`);
    if (claimed !== sha256Hex(sent)) throw new Refusal(400, 'XAmzContentSHA256Mismatch');
  }
  if (request.headers['content-md5']) compare('md5', header(request, 'content-md5'), sent);
  for (const [name, value] of Object.entries(request.headers)) {
    const [, algorithm] = /^x-amz-checksum-(sha1|sha256|crc\w+)$/.exec(name) ?? [];
    if (algorithm) compare(algorithm, String(value), sent);
  }
  return sent;
}

function compare(algorithm: string, claimed: string, body: Buffer): void {
  if (!['md5', 'sha1', 'sha256', 'crc32'].includes(algorithm)) throw new Refusal(501, 'NotImplemented', algorithm);
  const found =
    algorithm === 'crc32'
      ? Buffer.from(crc32(body).toString(16).padStart(8, '0'), 'hex')
      : createHash(algorithm).update(body).digest();
  if (found.toString('base64') !== claimed)
    throw new Refusal(400, 'BadDigest', `the ${algorithm} you gave is not that of the body`);
}

/** aws-chunked: `<hex>\r\n<bytes>\r\n` … `0\r\n<trailer lines>\r\n`. */
function unchunked(sent: Buffer): Buffer {
  const pieces: Buffer[] = [];
  let at = 0;
  const line = () => {
    const end = sent.indexOf('\r\n', at);
    if (end < 0) throw new Refusal(400, 'IncompleteBody');
    const text = sent.toString('latin1', at, end);
    at = end + 2;
    return text;
  };
  for (let size = Number.parseInt(line(), 16); size !== 0; size = Number.parseInt(line(), 16)) {
    if (!(size > 0) || at + size + 2 > sent.length) throw new Refusal(400, 'IncompleteBody');
    pieces.push(sent.subarray(at, at + size));
    at += size + 2;
  }
  const body = Buffer.concat(pieces);
  for (let text = line(); text !== ''; text = line()) {
    const [, algorithm, value] = /^x-amz-checksum-(\w+):(.+)$/.exec(text) ?? [];
    if (!algorithm || !value) throw new Refusal(400, 'MalformedTrailerError');
    compare(algorithm, value, body);
  }
  return body;
}
