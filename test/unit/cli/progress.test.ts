import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { progressOn, type Spinner } from '../../../src/cli/progress.ts';

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
  return { progress: progressOn(spinner, Date.now), shown, spinner };
}

test('a wait is told beside the step, with the seconds that are left, and no longer than it lasts', () => {
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

test('of several waits the longest is told', () => {
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

test('a wait that is too short to be read is not told', () => {
  const { progress, shown } = open();
  progress.show('Applying the plan');
  progress.waits(DELETES, 900)();
  expect(shown).toEqual(['Applying the plan']);
});

test('nothing is drawn once it is done, though a wait ends later', () => {
  const { progress, shown } = open();
  progress.show('Applying the plan');
  const over = progress.waits(DELETES, 60_000);
  progress.done();
  const before = shown.length;
  over();
  vi.advanceTimersByTime(5000);
  expect(shown).toHaveLength(before);
});
