import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { linesOn, onSpinner, progressOn, type Spinner } from '../../../src/cli/progress.ts';

const DELETES = "Permit's limit of 60 DELETEs a minute";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

function open() {
  const shown: string[] = [];
  let text = '';
  let isSpinning = false;
  const spinner: Spinner = {
    get isSpinning() {
      return isSpinning;
    },
    get text() {
      return text;
    },
    set text(next) {
      text = next;
      shown.push(next);
    },
    start: (first) => {
      isSpinning = true;
      spinner.text = first;
    },
    stop: () => {
      isSpinning = false;
    },
  };
  return { progress: progressOn(onSpinner(spinner), Date.now), shown, spinner };
}

/** Progress in a pipe. */
function openLines() {
  const lines: string[] = [];
  return {
    progress: progressOn(
      linesOn((line) => lines.push(line)),
      Date.now,
    ),
    lines,
  };
}

test('shows a wait beside the step, with the seconds left, until it is over', () => {
  const { progress, shown, spinner } = open();
  progress.show('Applying the plan');
  const over = progress.waits(DELETES, 2500);
  vi.advanceTimersByTime(2000);
  over();
  vi.advanceTimersByTime(5000);
  expect(shown).toEqual([
    'Applying the plan',
    `Applying the plan; waiting for ${DELETES}, 3 s`,
    `Applying the plan; waiting for ${DELETES}, 2 s`,
    `Applying the plan; waiting for ${DELETES}, 1 s`,
    'Applying the plan',
  ]);
  progress.done();
  expect(spinner.isSpinning).toBe(false);
});

test('shows the longest of several waits', () => {
  const { progress, spinner } = open();
  progress.show('Applying the plan');
  const overLong = progress.waits('the long one', 60_000);
  const overShort = progress.waits('the short one', 5000);
  expect(spinner.text).toBe('Applying the plan; waiting for the long one, 60 s');
  overLong();
  expect(spinner.text).toBe('Applying the plan; waiting for the short one, 5 s');
  overShort();
  expect(spinner.text).toBe('Applying the plan');
});

test('a wait that is too short to read is not shown', () => {
  const { progress, shown } = open();
  progress.show('Applying the plan');
  progress.waits(DELETES, 900)();
  expect(shown).toEqual(['Applying the plan']);
});

test('nothing is drawn after the end, even if a wait ends later', () => {
  const { progress, shown } = open();
  progress.show('Applying the plan');
  const over = progress.waits(DELETES, 60_000);
  progress.done();
  over();
  const before = shown.length;
  vi.advanceTimersByTime(60_000);
  expect(shown).toHaveLength(before);
});

test('a step tells how many requests were answered, or how many changes are done and what that leaves', () => {
  const { progress, spinner } = open();
  progress.show('Listing');
  for (let i = 0; i < 1200; i++) progress.answered();
  vi.advanceTimersByTime(500);
  expect(spinner.text).toBe('Listing: 1,200 requests answered');
  progress.show('Applying the plan', 4000);
  expect(spinner.text).toBe('Applying the plan: 0 of 4,000 changes');
  progress.did(1000);
  vi.advanceTimersByTime(60_000);
  expect(spinner.text).toBe('Applying the plan: 1,000 of 4,000 changes, about 3 min 0 s left');
  const over = progress.waits(DELETES, 240_000);
  expect(spinner.text).toContain('about 4 min 0 s left; waiting');
  over();
  progress.did(3000);
  vi.advanceTimersByTime(500);
  expect(spinner.text).toBe('Applying the plan: 4,000 of 4,000 changes');
});

test('in a pipe a quick step prints nothing, and a long one a line every 15 seconds', () => {
  const { progress, lines } = openLines();
  progress.show('Listing');
  progress.answered();
  vi.advanceTimersByTime(14_000);
  expect(lines).toEqual([]);
  progress.show('Applying the plan', 300);
  progress.did(60);
  vi.advanceTimersByTime(30_000);
  expect(lines).toEqual([
    'Applying the plan: 60 of 300 changes',
    'Applying the plan: 60 of 300 changes, about 1 min 4 s left',
  ]);
  progress.done();
  vi.advanceTimersByTime(60_000);
  expect(lines).toHaveLength(2);
});

test('in a pipe, shows a wait when it begins, once for many requests, even before the first step', () => {
  const { progress, lines } = openLines();
  const over = progress.waits('the lock, which a drain holds', 300_000);
  over();
  progress.show('Applying the plan');
  for (let i = 0; i < 10; i++) progress.waits(DELETES, 8000)();
  progress.waits('GitHub', 4000)();
  expect(lines).toEqual([
    'waiting for the lock, which a drain holds, 300 s',
    `Applying the plan; waiting for ${DELETES}, 8 s`,
  ]);
});
