import { expect, test } from 'vitest';
import { isYoung } from '../../../src/queue/lease.ts';

const began = { monotonic: 1_000, wall: 50_000 };

test.each([
  ['both clocks went on a little', 10, 10, true],
  ['both went on too long', 500, 500, false],
  ['the machine slept: the monotonic clock stood still', 10, 500, false],
  ['the wall clock was set back', 10, -3_600_000, false],
  ['the wall clock was set back far enough to hide a pause', 500, 10, false],
])('a proof is fresh only by both clocks: %s', (_, monotonic, wall, expected) => {
  const at = { monotonic: began.monotonic + monotonic, wall: began.wall + wall };
  expect(isYoung(began, 100, at)).toBe(expected);
});
