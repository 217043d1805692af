/**
 * Something that is wrong or worth knowing, and what to do about it. `code` never changes, so that scripts can match
 * on it. `message` says what happened, and to what; `hint` is the next step, or empty. Neither holds a secret:
 * both consist of our own words and of sanitized text from outside.
 */
export type Problem<Code extends string = string> = {
  readonly code: Code;
  readonly message: string;
  readonly hint: string;
};

/** The keys and positions that lead from the root of a document to a value in it. */
export type Path = readonly (string | number)[];

/** A problem of the config file, and where in the file it is: at the value, unless `part` says otherwise. */
export type PlacedProblem = Problem & { readonly path: Path; readonly part?: 'key' | 'value' };

/** A problem in one text: a warning, or a note. */
export type Warning = Omit<Problem, 'hint'>;

/** A problem as a warning, with the hint at the end of its message. */
export const asWarning = <Code extends string>({ code, message, hint }: Problem<Code>) => ({
  code,
  message: `${message}; ${hint}`,
});
