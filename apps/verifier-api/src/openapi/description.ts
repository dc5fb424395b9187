import type { ApiDescription } from '@cap/service-kit';
import { policyV1 } from '../policy/schemas.js';
import { uploadForm } from '../upload/schemas.js';
import { verifyBody } from '../verify/schemas.js';

/** What the document of this API says besides its routes, which stand in the controllers. */
export const VERIFIER_API: ApiDescription = {
  title: 'CAP verifier API',
  description: [
    'Verifies bundles of the Confidential Assurance Protocol and explains the verdict, check by check.',
    'Errors are application/problem+json (RFC 9457) with a stable `code`, whatever Accept says; every answer has the header X-Request-Id.',
    'Before a route is known a request can also be refused with 400 request.schema, 404 route.unknown, 405 method.not-allowed, 408 timeout, 417 request.schema and 431 request.too-large.',
    'Under an Idempotency-Key a write is carried out once: for 24 h the same request gets the first success again.',
  ].join(' '),
  servers: [
    { url: '/', description: 'Where this document was read' },
    { url: 'http://127.0.0.1:8080', description: 'As installed, without TLS; /readyz and /metrics always' },
    { url: 'https://127.0.0.1:8443', description: 'With tls.mode tls' },
  ],
  tags: {
    verify: 'Bundles and verdicts',
    policies: 'The policies that bundles are verified by',
    lists: 'What suppliers and owners are compared with',
    registry: 'What was registered, and proofs of it',
    documentation: 'This API itself',
    operation: 'For those who run it',
  },
  schemas: [verifyBody, uploadForm, policyV1],
};
