import { readFile } from 'node:fs/promises';
import { beforeAll, describe, expect, it } from '@jest/globals';
import { domain } from './domain.js';
import { ROW_RULES } from './identities.js';
import { LIST_SIZES, VK_HASH } from './statement.js';
import { proofLength } from './verifier.js';
import { usualCase } from './columns.fixture.js';

describe('docs/zero-knowledge.md', () => {
  let page: string;
  beforeAll(async () => {
    page = await readFile('docs/zero-knowledge.md', 'utf8');
  });

  it('names the verifier’s key', () => {
    expect(page).toContain(`0x${VK_HASH.toString('hex')}`);
  });

  it('has the sizes, capacities and constraints of the code', () => {
    expect(LIST_SIZES).toEqual({ suppliers: 1024, ubos: 512 });
    expect([domain(1024).v, domain(512).v]).toEqual([1013, 501]);
    expect(page).toContain('1 013 suppliers or 501 owners');
    expect(ROW_RULES).toHaveLength(6);
    expect(page).toContain(`${ROW_RULES.length}. z′ = z (alpha − m)`);
  });

  it('tells how long a proof is', async () => {
    const { statement } = await usualCase();
    const alone = { ...statement, lists: statement.lists.slice(0, 1) };
    const bytes = (length: number) => `${Math.floor(length / 1000) || ''} ${String(length % 1000)}`.trim();
    expect(page).toContain(`${bytes(proofLength(alone))} bytes`);
    expect(page).toContain(`${bytes(proofLength(statement))} bytes`);
  });
});
