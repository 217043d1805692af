import * as z from 'zod/mini';
import type { Problem } from '../../model/problem.ts';
import { mustMatch } from '../problem.ts';

/** Documentation of one setting. */
export type SettingNote = {
  readonly description: string;
  /** The value without the key, as the file would have it. */
  readonly default?: unknown;
  readonly examples?: readonly unknown[];
  /** The variable that overrides the file. */
  readonly variable?: string;
  /** The flag that overrides variable and file. */
  readonly flag?: string;
};

export const noted = <S extends z.ZodMiniType>(schema: S, note: SettingNote): S => schema.check(z.meta(note));

export const optional = <S extends z.ZodMiniType>(schema: S, note: SettingNote) =>
  noted(z.optional(schema), note);

type Check = (text: string) => Problem | undefined;

/** A text that passes `check`. Editors test it by `pattern`, which can accept more, and show `form` if it fails. */
export const text = (check: Check, pattern: string, form: string) =>
  checked(check).check(z.meta({ pattern, patternErrorMessage: `expected ${form}` }));

export const checked = (check: Check) =>
  z.string().check(
    z.superRefine((value, issues) => {
      const problem = check(value);
      if (problem)
        issues.addIssue({ code: 'custom', message: problem.message, params: { hint: problem.hint } });
    }),
  );

export const matching = (pattern: RegExp, form: string) =>
  text(mustMatch(pattern, form), pattern.source, form);
