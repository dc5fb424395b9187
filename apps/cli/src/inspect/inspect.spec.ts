import { readFile, writeFile } from 'node:fs/promises';
import { beforeAll, describe, expect, it } from '@jest/globals';
import type { Commitment, Manifest } from '@cap/proof/manifest';
import { TABLE_VERSIONS } from '../../../../libs/proof/src/backends/proving.fixture.js';
import { provedBundle, type ProvedBundle } from '../bundle/proved-bundle.fixture.js';
import { cap } from '../cli.fixture.js';
import { exposureOf } from './exposure.js';

const hostile = '\u001b[2J\u202e\u200b';
const shown = '\\u{1b}[2J\\u{202e}\\u{200b}';

let made: ProvedBundle;
beforeAll(async () => {
  made = await provedBundle({ owner: 'Owner' });
  // cap trust add would refuse such an owner; a trust store may come from elsewhere.
  const trust = JSON.parse(await readFile(made.at('trust.json'), 'utf8'));
  trust.signers[0].owner = `Owner${hostile}`;
  await writeFile(made.at('trust.json'), JSON.stringify(trust));
});
const statement = { audience: 'auditor', nonce: 'n-1', expires_at: '2025-12-31T00:00:00Z' };

describe.each([[['inspect']], [['bundle', 'inspect']]])('cap %j', (verb) => {
  const inspect = (...argv: string[]) => cap([...verb, made.at('bundle.zip'), ...argv]);

  it('says who made the bundle, for whom and until when', async () => {
    const { code, out } = await inspect();
    expect(code).toBe(0);
    expect(out).toMatch(/label +November/i);
    expect(out).toMatch(/created at +2025-11-06T10:00:00Z$/im);
    expect(out).toMatch(new RegExp(`signer +${made.kid}$`, 'im'));
    expect(out).toMatch(new RegExp(`proof of +${made.kid}$`, 'im'));
    expect(out).toMatch(/audience +auditor$/im);
    expect(out).toMatch(/nonce +n-1$/im);
    expect(out).toMatch(/issued at +2025-11-06T10:00:00Z$/im);
    expect(out).toMatch(/expires at +2025-12-31T00:00:00Z$/im);
  });

  it('names the owner whom the trust store names', async () => {
    const { out } = await inspect('--trust', made.at('trust.json'));
    // A key id is the bundle's word: whoever writes another's into his own bundle must not look like him.
    expect(out).toMatch(new RegExp(`signer +${made.kid}  Owner.* \\(unchecked\\)$`, 'im'));
    const json = JSON.parse((await inspect('--trust', made.at('trust.json'), '--json')).out);
    expect(json.signers).toEqual([{ kid: made.kid, owner: `Owner${hostile}` }]);
    expect(json.statements).toEqual([
      expect.objectContaining({ ...statement, signer: { kid: made.kid, owner: `Owner${hostile}` } }),
    ]);
    expect(JSON.parse((await inspect('--json')).out).signers).toEqual([{ kid: made.kid, owner: null }]);
  });

  it('speaks German with --lang de; JSON is the same in every language', async () => {
    const { code, out } = await inspect('--lang', 'de');
    expect(code).toBe(0);
    expect(out).toMatch(new RegExp(`^Unterzeichner +${made.kid}$`, 'm'));
    expect(out).toMatch(/suppliers.*\n?.*verglichen nach Name und Land; Registernummern/);
    expect((await inspect('--lang', 'de', '--json')).out).toBe((await inspect('--json')).out);
  });

  it('shows words from outside without what moves the cursor; in JSON they are as they are', async () => {
    const { out } = await inspect('--trust', made.at('trust.json'));
    // eslint-disable-next-line no-control-regex
    expect(out).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u202e\u200b]/);
    expect(out).toContain(`Owner${shown}`);
    const json = (await inspect('--trust', made.at('trust.json'), '--json')).out;
    expect(json).toContain(JSON.stringify(`Owner${hostile}`));
  });
});

describe('cap inspect', () => {
  it('says of a project what its proof states; it is not signed yet', async () => {
    const { signers, statements, label } = JSON.parse((await cap(['inspect', made.at('project'), '--json'])).out);
    expect({ signers, label }).toEqual({ signers: [], label: null });
    expect(statements).toEqual([expect.objectContaining({ ...statement, signer: { kid: made.kid, owner: null } })]);
    const { out } = await cap(['inspect', made.at('project')]);
    expect(out).toMatch(new RegExp(`^Proof of +${made.kid}$`, 'm'));
    expect(out).toMatch(/^Audience +auditor$/m);
    expect(out).toContain('ACME GmbH');
  });

  it('says it in German', async () => {
    const { out } = await cap(['inspect', made.at('bundle.zip'), '--lang', 'de', '--trust', made.at('trust.json')]);
    expect(out).toMatch(/^Unternehmen +ACME GmbH$/m);
    expect(out).toMatch(/^Bezeichnung +November$/m);
    expect(out).toMatch(new RegExp(`^Unterzeichner +${made.kid}  Owner.* \\(ungeprüft\\)$`, 'm'));
    expect(out).toMatch(/^Gültig bis +2025-12-31T00:00:00Z$/m);
    expect(out).toContain('suppliers: zeigt, dass es 48 Zeilen sind; öffnet 48 Zeilen');
    expect(out).toContain('verglichen nach Name und Land');
    for (const english of ['Company', 'shows', 'opens', 'compared']) expect(out).not.toContain(english);
  });
});

describe('what is shown of the number of rows', () => {
  const points = { x: `0x${'a'.repeat(96)}`, r: `0x${'b'.repeat(96)}`, d: `0x${'c'.repeat(96)}` };
  const columns = (segments: number): Commitment => ({
    list: 'suppliers',
    scheme: 'kzg-columns.v1',
    id_scheme: 'name',
    ...TABLE_VERSIONS,
    segments: Array.from({ length: segments }, () => points),
  });
  const shownOf = (...commitments: Commitment[]) => {
    const { lists } = exposureOf({ commitments } as Manifest, null);
    return lists.flatMap(({ list, count, count_between }) => (list === 'suppliers' ? [[count, count_between]] : []));
  };

  it('is nothing of columns in one segment, a range of several, all with a Merkle root', () => {
    const tree: Commitment = {
      list: 'suppliers',
      scheme: 'merkle-blake3.v3',
      id_scheme: 'name',
      ...TABLE_VERSIONS,
      root: '0x',
      count: 7,
    };
    expect(shownOf(columns(1))).toEqual([[null, [0, 1013]]]);
    expect(shownOf(columns(3))).toEqual([[null, [2026, 3039]]]);
    expect(shownOf(tree)).toEqual([[7, null]]);
  });
});

describe('cap trust show', () => {
  it('shows the owner without what moves the cursor', async () => {
    const { out } = await cap(['trust', 'show', made.at('trust.json')]);
    expect(out).toContain(`Owner${shown}`);
    expect(out).not.toContain('\u001b');
  });
});

describe('cap policy', () => {
  it('shows rule ids without what moves the cursor', async () => {
    const rule = { id: `few${hostile}`, op: 'range_max', lhs: 'supplier_count', rhs: 100 };
    const rules = [rule, { ...rule, id: `odd${hostile}`, op: 'roughly' }];
    await writeFile(made.at('hostile.json'), JSON.stringify({ id: 'p', version: '1', rules }));
    for (const verb of ['show', 'lint']) {
      const { out } = await cap(['policy', verb, made.at('hostile.json')]);
      expect(out).toContain(`odd${shown}`);
      expect(out).not.toContain('\u001b');
    }
  });
});
