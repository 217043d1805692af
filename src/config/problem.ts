import type { Problem } from '../model/problem.ts';
import { printable } from '../model/text.ts';

const MAX_SHOWN = 200;

/** A problem of one value. Whoever read the value from a flag, a variable or the file adds where it stands. */
export const invalid = (message: string, hint = ''): Problem => ({ code: 'CONFIG_INVALID', message, hint });

export const describeProblem = ({ message, hint }: Problem): string =>
  hint === '' ? message : `${message}; ${hint}`;

/**
 * A value in a message: in quotes, and safe for a terminal. A long one is not shown at all, because part of a secret
 * would not be recognized as one.
 */
export function quoted(text: string): string {
  return text.length > MAX_SHOWN ? `a text of ${text.length} characters` : `"${printable(text)}"`;
}

/** @returns a check that `pattern` matches the whole text; `form` describes the pattern in words. */
export const mustMatch =
  (pattern: RegExp, form: string) =>
  (text: string): Problem | undefined => {
    if (pattern.test(text)) return undefined;
    return invalid(text.trim() === '' ? 'is empty' : `${quoted(text)} is not valid`, `expected ${form}`);
  };
