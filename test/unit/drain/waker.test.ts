import { expect, test } from 'vitest';
import { openWaker } from '../../../src/drain/watch.ts';

/** Longer than any test waits: a pause that is not ended by news fails the test. */
const LONG = 10 * 60_000;
const never = new AbortController().signal;

test('a notification ends the current pause', async () => {
  const waker = openWaker(never);
  const pause = waker.pause(LONG);
  waker.wake();
  await pause;
});

test('a notification right before a pause is not missed', async () => {
  const waker = openWaker(never);
  waker.wake();
  await waker.pause(LONG);
});

test('a wake-up counts once', async () => {
  const waker = openWaker(never);
  waker.wake();
  await waker.pause(LONG);
  const next = waker.pause(LONG).then(() => 'over');
  expect(await Promise.race([next, new Promise((resolve) => setImmediate(() => resolve('waiting')))])).toBe(
    'waiting',
  );
  waker.wake();
  await next;
});

test('the end of the program ends it too, before and during it', async () => {
  const control = new AbortController();
  const waker = openWaker(control.signal);
  const pause = waker.pause(LONG);
  control.abort();
  await pause;
  await waker.pause(LONG);
});
