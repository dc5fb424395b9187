import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { cap, scratch } from '../cli.fixture.js';

// Known answer of the format's page.
const V1 =
  '{"version":"lksg.v1","name":"Test Policy","created_at":"2025-11-06T10:00:00Z","constraints":{"require_at_least_one_ubo":true,"supplier_count_max":10},"notes":""}';
const V1_HASH = '0x0afcb402e74ff6a11601863fc4ae2f2d756124db71bc703f5889ecefcd371ff4';

const v2 = (change: object = {}) =>
  JSON.stringify({
    id: 'lksg.suppliers',
    version: '1.0.0',
    legal_basis: [{ directive: 'LkSG', article: '§ 5' }],
    description: 'At most a hundred suppliers',
    inputs: { supplier_count: { type: 'integer' } },
    rules: [{ id: 'few', op: 'range_max', lhs: 'supplier_count', rhs: 100 }],
    ...change,
  });

const policy = (verb: string, stdin: string, ...argv: string[]) => cap(['policy', verb, '-', ...argv], { stdin });

describe('cap policy', () => {
  it('validates, and prints the known hash', async () => {
    const { code, out } = await policy('validate', V1, '--json');
    expect(code).toBe(0);
    expect(JSON.parse(out)).toMatchObject({ format: 'v1', policy_hash: V1_HASH });
    expect((await policy('validate', v2())).out).toContain('lksg.suppliers@1.0.0');
  });

  it.each([['{"version":'], ['[]'], ['{"hello":"world"}'], ['a: &a [*a]'], ['']])(
    'calls %j no policy: 65',
    async (text) => {
      for (const verb of ['validate', 'lint', 'compile', 'show']) {
        const { code, out } = await policy(verb, text);
        expect([verb, code, out]).toEqual([verb, 65, '']);
      }
    },
  );

  it('lints: 0 clean, 1 warnings, 2 errors', async () => {
    expect(await policy('lint', v2())).toMatchObject({ code: 0, out: 'clean\n' });
    const undescribed = JSON.parse(v2()) as { description?: string };
    delete undescribed.description;
    expect(await policy('lint', JSON.stringify(undescribed))).toMatchObject({
      code: 1,
      out: expect.stringContaining('W1002'),
    });
    const baseless = v2({ legal_basis: [] });
    expect(await policy('lint', baseless)).toMatchObject({ code: 2, out: expect.stringContaining('E1002') });
    expect(await policy('lint', baseless, '--lint-mode', 'relaxed')).toMatchObject({ code: 1 });
    expect((await policy('lint', v2(), '--lint-mode', 'lenient')).code).toBe(64);
  });

  it('compiles to IR; a policy with lint errors leaves no file', async () => {
    const out = path.join(await scratch(), 'policy.ir.json');
    expect((await policy('compile', v2(), '--out', out)).code).toBe(0);
    const ir = JSON.parse(await readFile(out, 'utf8'));
    expect(ir).toMatchObject({
      ir_version: '1.0',
      policy_id: 'lksg.suppliers',
      rules: [{ id: 'few', lhs: { var: 'supplier_count' } }],
    });
    const refused = `${out}.refused`;
    const { code, err } = await policy('compile', v2({ legal_basis: [] }), '--out', refused);
    expect([code, err]).toEqual([2, expect.stringContaining('E1002')]);
    await expect(readFile(refused)).rejects.toMatchObject({ code: 'ENOENT' });
  });

  it('shows what each rule needs', async () => {
    const { code, out } = await policy('show', v2());
    expect(code).toBe(0);
    expect(out).toMatch(/few\s+suppliers\s+count/);
  });

  it('wants the cases of a policy beside it', async () => {
    const file = path.join(await scratch(), 'policy.json');
    await writeFile(file, v2());
    const { code, err } = await cap(['policy', 'test', file]);
    expect([code, err]).toEqual([66, expect.stringContaining('policy.cases.yaml')]);
  });
});
