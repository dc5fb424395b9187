import { jcs } from '@cap/core';
import { statementDigest } from '../../statement/statement.js';
import type { BackendProver } from '../backend-prover.js';
import { assertTrue, knownLists } from '../prover-checks.js';
import { mock, type MockPayload } from './mock.js';

/** Claims every rule of a policy that holds. */
export const mockProver: BackendProver = {
  backend: mock,

  async prove(context, lists) {
    const results = assertTrue(context, knownLists(context.manifest, lists));
    const payload: MockPayload = {
      schema: 'cap-mock.v1',
      statement_digest: statementDigest('mock', context),
      claims: results.map(({ rule_id }) => ({ rule_id, ok: true })),
    };
    return { payload: jcs(payload), ...mock.verifyingKey(context) };
  },
};
