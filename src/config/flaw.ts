import { printable } from '../model/text.ts';

/**
 * What is wrong with one value, without saying where the value stands: the reader of flags, environment or file
 * adds that. `mend` is what to do about it. Neither ever holds a value that looks like a secret.
 */
export type Flaw = { readonly what: string; readonly mend: string };

export const describeFlaw = ({ what, mend }: Flaw): string => (mend === '' ? what : `${what}; ${mend}`);

const MOST_SHOWN = 200;

/**
 * A value in a message: quoted, and safe for a terminal. A long one is not shown at all, since a part of a secret
 * would not be recognised as one.
 */
export function quoted(text: string): string {
  return text.length > MOST_SHOWN ? `a text of ${text.length} characters` : `"${printable(text)}"`;
}

/** @returns a check that `text` matches `pattern` whole; `form` says in words what the pattern means. */
export function mustMatch(pattern: RegExp, form: string): (text: string) => Flaw | undefined {
  return (text) => {
    if (pattern.test(text)) return undefined;
    return text.trim() === ''
      ? { what: 'is empty', mend: `expected ${form}` }
      : { what: `${quoted(text)} is not valid`, mend: `expected ${form}` };
  };
}
