import { STATUS_CODES } from 'node:http';
import type { Problem } from '@cap/contracts';
import type { CapError } from '@cap/core';

/** Limits of a problem body: it must not grow with the faults of a request, nor with what it quotes. */
const MOST_ERRORS = 100;
const LONGEST_DETAIL = 4_000;
const LONGEST_TEXT = 500;

export const cut = (text: string, length: number): string =>
  text.length <= length ? text : `${text.slice(0, length).toWellFormed()}…`;

const listed = (errors: readonly unknown[]): unknown[] => {
  const shown = JSON.stringify(errors.slice(0, MOST_ERRORS), (_name, value: unknown) =>
    typeof value === 'string' ? cut(value, LONGEST_TEXT) : value,
  );
  const left = errors.length - MOST_ERRORS;
  return [...(JSON.parse(shown) as unknown[]), ...(left > 0 ? [{ message: `and ${left} more` }] : [])];
};

/** The problem body (RFC 9457) of an error. */
export const toBody = ({ code, status, message, details }: CapError, requestId: string): Problem => ({
  type: `urn:cap:problem:${code}`,
  title: STATUS_CODES[status] ?? 'Error',
  status,
  code,
  detail: cut(message, LONGEST_DETAIL),
  request_id: requestId,
  ...(details === undefined ? {} : { errors: listed([details].flat()) }),
});

/** The headers of its answer. */
export const headersOf = ({ retryAfter, headers }: CapError): Readonly<Record<string, string>> => ({
  ...(retryAfter === undefined ? {} : { 'retry-after': String(Math.ceil(retryAfter)) }),
  ...headers,
});
