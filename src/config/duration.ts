import ms, { type StringValue } from 'ms';
import type { Problem } from '../model/problem.ts';
import { invalid, quoted } from './problem.ts';

/** The longest delay that a Node timer can hold; a longer one would fire at once. */
const MAX_DURATION_MS = 2 ** 31 - 1;
const PART = /(\d{1,10}(?:\.\d{1,3})?)(ms|s|m|h|d)/g;
const WHOLE = new RegExp(`^(?:${PART.source})+$`);

/** Nothing, with or without a unit. */
const ZERO = /^0+(?:\.0+)?(?:ms|s|m|h|d)?$/;

/**
 * Milliseconds of `90s`, `30m`, `1h30m` or `0`, or why `text` is not a duration of less than 25 days.
 * @param leastMs 0 for a wait, which may be zero; 1 if nothing could be done in zero time.
 */
export function parseDuration(text: string, leastMs: 0 | 1 = 1): number | Problem {
  const form = 'a number with its unit (ms, s, m, h or d), such as 90s, 30m or 1h30m';
  const nothing = invalid(`${quoted(text)} is too short`, 'give at least 1ms');
  if (ZERO.test(text)) return leastMs === 0 ? 0 : nothing;
  if (/^\d+(\.\d+)?$/.test(text)) {
    return invalid(`${quoted(text)} has no unit`, `did you mean "${text}s"? expected ${form}`);
  }
  if (!WHOLE.test(text)) return invalid(`${quoted(text)} is not a duration`, `expected ${form}`);
  const length = milliseconds(text);
  if (length < leastMs) return nothing;
  return length > MAX_DURATION_MS ? invalid(`${quoted(text)} is too long`, 'give at most 24d') : length;
}

function milliseconds(text: string): number {
  let sum = 0;
  for (const [part] of text.matchAll(PART)) sum += ms(part as StringValue);
  return Math.round(sum);
}

/** Why a text can't be the last day of a rule. A day that is over is refused: the rule would apply to nobody. */
export function lastDayProblem(text: string): Problem | undefined {
  const hint = 'write the last day of the rule as YYYY-MM-DD, such as 2027-03-31';
  if (!/^\d{4}-\d{2}-\d{2}$/.test(text)) return invalid(`${quoted(text)} is not a date`, hint);
  const day = new Date(`${text}T00:00:00Z`);
  const isReal = !Number.isNaN(day.getTime()) && day.toISOString().startsWith(text);
  return isReal ? undefined : invalid(`${quoted(text)} is not a day of the calendar`, hint);
}
