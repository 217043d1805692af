import leven from 'leven';
import type { Problem } from '../model/problem.ts';
import { printable } from '../model/text/text.ts';

const MAX_QUOTED_LENGTH = 200;

/** A problem of one value. The code that read the value from a flag, a variable or the file adds its place. */
export const invalid = (message: string, hint = ''): Problem => ({ code: 'CONFIG_INVALID', message, hint });

export const describeProblem = ({ message, hint }: Problem): string =>
  hint === '' ? message : `${message}; ${hint}`;

/**
 * A value in a message: in quotes, and safe for a terminal. A long one is not shown at all, because part of a secret
 * would not be recognized as one.
 */
export function quoted(text: string): string {
  return text.length > MAX_QUOTED_LENGTH ? `a text of ${text.length} characters` : `"${printable(text)}"`;
}

/** @returns a check that `pattern` matches the whole text; `form` describes the pattern in words. */
export const mustMatch =
  (pattern: RegExp, form: string) =>
  (text: string): Problem | undefined => {
    if (pattern.test(text)) return undefined;
    return invalid(text.trim() === '' ? 'is empty' : `${quoted(text)} is not valid`, `expected ${form}`);
  };

/**
 * The candidate that was probably meant: at most a third of the letters differ, case aside.
 * @returns undefined if none is near; of equally near ones the first.
 */
export function closest(word: string, candidates: readonly string[]): string | undefined {
  // Our names are short. A far longer word is not a typo, and measuring it would be slow.
  if (word.length > 100) return undefined;
  const distances = candidates.map((candidate) => leven(word.toLowerCase(), candidate.toLowerCase()));
  const least = Math.min(...distances);
  return least <= Math.max(1, Math.floor(word.length / 3)) ? candidates[distances.indexOf(least)] : undefined;
}

/** @returns `did you mean "sync"?`; undefined if no candidate is near. */
export function didYouMean(word: string, candidates: readonly string[]): string | undefined {
  const near = closest(word, candidates);
  return near && `did you mean "${near}"?`;
}

/** `did you mean "sync"?`, or the available choices if nothing is near. */
export const suggestion = (word: string, candidates: readonly string[]): string =>
  didYouMean(word, candidates) ?? (candidates.length === 0 ? '' : `expected ${alternatives(candidates)}`);

const alternatives = (names: readonly string[]): string =>
  names.length < 2 ? names.join('') : `${names.slice(0, -1).join(', ')} or ${names.at(-1)}`;
