import {
  DEFAULT_LIMITS,
  forEachLimit,
  type GraphLimitName,
  type Limit,
  type LimitName,
  type Limits,
} from '../model/limits.ts';
import type { Problem } from '../model/problem.ts';
import { invalid, quoted } from './problem.ts';

/** As the file has them: a count, a percentage, or a list of these. */
type LimitValue = number | string | readonly (number | string)[];
type WrittenLimits = {
  readonly [name in LimitName | GraphLimitName]?: LimitValue | undefined;
} & { readonly floors?: { readonly [role: string]: number } | undefined };

const PERCENTAGE = /^(\d{1,3}(?:\.\d{1,3})?)%$/;

/** Why `text` is not a percentage. A count is a number, not text. */
export function limitProblem(text: string): Problem | undefined {
  const percent = PERCENTAGE.exec(text)?.[1];
  if (percent !== undefined && Number(percent) <= 100) return undefined;
  if (percent !== undefined) return invalid(`${quoted(text)} is more than 100%`, 'give at most 100%');
  return invalid(
    `${quoted(text)} is not a limit`,
    /^\d+$/.test(text)
      ? `did you mean "${text}%", or ${text} without quotes for a count?`
      : 'expected a number or a percentage such as "25%"',
  );
}

/**
 * The limits of the file over the default ones. Floors are merged one by one: naming a floor for another role does not
 * silently remove the default one; 0 does.
 */
export function limitsOf(config: WrittenLimits | undefined): Limits {
  const limit = (name: LimitName | GraphLimitName): readonly Limit[] => {
    const value = config?.[name];
    return value === undefined ? DEFAULT_LIMITS[name] : [value].flat().map(parseLimit);
  };
  return {
    ...forEachLimit(limit),
    repositories: limit('repositories'),
    links: limit('links'),
    floors: { ...DEFAULT_LIMITS.floors, ...config?.floors },
  };
}

/** @param value that passed {@link limitProblem} and the schema. */
function parseLimit(value: number | string): Limit {
  return typeof value === 'number'
    ? { kind: 'count', people: value }
    : { kind: 'ratio', ratio: Number(value.slice(0, -1)) / 100 };
}
