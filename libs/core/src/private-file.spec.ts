import { describe, expect, it } from '@jest/globals';
import { isPrivateFile } from './private-file.js';

const [ROOT, SERVICE, SOMEBODY] = [0, 1000, 1001];

describe('a private file', () => {
  it.each([
    ['the owner’s own', 0o600, SERVICE, SERVICE, true],
    ['with a group that may read it', 0o640, SERVICE, SERVICE, false],
    ['somebody else’s, with a group that may read it', 0o440, SOMEBODY, SERVICE, false],
    ['root’s, handed to the service by its group', 0o100440, ROOT, SERVICE, true],
    ['root’s, with a group that may write it', 0o460, ROOT, SERVICE, false],
    ['root’s, that everybody may read', 0o444, ROOT, SERVICE, false],
    ['root’s own, with a group that may read it', 0o640, ROOT, ROOT, false],
  ])('%s', (_what, mode, uid, reader, expected) => {
    expect(isPrivateFile({ mode, uid }, reader)).toBe(expected);
  });
});
