import { expect, test } from 'vitest';
import { memoryOf } from '../../../src/queue/memory.ts';

const info = (used: number, max: number, policy = 'noeviction'): string =>
  `# Memory\r\nused_memory:${used}\r\nused_memory_human:1M\r\nmaxmemory:${max}\r\nmaxmemory_policy:${policy}\r\n`;

test.each([
  [info(500, 1000), false],
  [info(980, 1000), true],
  [info(2000, 1000), true],
  [info(500, 0), false],
  // It makes room by dropping something else, and is always full.
  [info(1000, 1000, 'allkeys-lru'), false],
])('%j is nearly full: %j', (text, isNearlyFull) => {
  expect(memoryOf(text)).toMatchObject({ isNearlyFull });
});

test.each(['', 'NOPERM', undefined, '# Memory\r\nused_memory:x\r\n'])('%j tells nothing', (text) => {
  expect(memoryOf(text)).toBeUndefined();
});
