import { expect } from '@jest/globals';

/**
 * jest evaluates CommonJS packages while it links, in no order of its own; one that requires Nest then finds it half linked. Node does
 * not, and needs none of this. So Nest is there before the tests of what uses it are loaded.
 */
if (/(libs\/service-kit|apps\/(registry|verifier-api|backup-worker))\/src\//.test(expect.getState().testPath ?? ''))
  await import('@nestjs/core');
