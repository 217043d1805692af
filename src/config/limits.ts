import * as z from 'zod/mini';
import {
  DEFAULT_LIMITS,
  forEachLimit,
  type GraphLimitName,
  type Limit,
  type LimitName,
  type Limits,
} from '../model/limits.ts';
import type { Problem } from '../model/problem.ts';
import { noted, optional, text } from './noted-schema.ts';
import { keyOf } from './policy-schema.ts';
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
  if (percent !== undefined) return invalid(`${quoted(text)} is more than all`, 'give at most 100%');
  return invalid(
    `${quoted(text)} is not a limit`,
    /^\d+$/.test(text)
      ? `did you mean "${text}%", or ${text} without quotes for a count?`
      : 'expected a number or a percentage such as "25%"',
  );
}

/**
 * The limits of the file over the default ones. Floors are taken one by one: naming a floor for another role does
 * not silently remove the default one; 0 does.
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

/** @param value that {@link limitProblem} and the schema had no objection to. */
function parseLimit(value: number | string): Limit {
  return typeof value === 'number'
    ? { kind: 'count', people: value }
    : { kind: 'ratio', ratio: Number(value.slice(0, -1)) / 100 };
}

const count = z.int().check(z.gte(0, 'cannot be less than 0'));
const percentage = text(limitProblem, '^[0-9]{1,3}(?:\\.[0-9]{1,3})?%$', 'a percentage such as "25%"');
const limit = (
  description: string,
  flag: string,
  {
    counted = 'people',
    all = 'all users with our mark',
    usual = ['25%', 100],
  }: { counted?: string; all?: string; usual?: readonly (string | number)[] } = {},
) => {
  const otherwise = `must be a number of ${counted}, a percentage such as "25%", or a list of these`;
  return optional(
    z.union(
      [
        count,
        percentage,
        z
          .array(z.union([count, percentage], otherwise))
          .check(z.minLength(1, 'is an empty list; write 0 to allow none')),
      ],
      otherwise,
    ),
    {
      description: `${description} A number of ${counted}, a percentage of ${all}, or a list whose smallest limit applies; 0 allows none.`,
      default: usual,
      examples: [usual, '10%', 5, 0],
      flag,
    },
  );
};

/** `limits` of the config file. */
export const limits = z.strictObject({
  removals: limit('How many people may lose everything in one run.', '--allow-removals'),
  demotions: limit('How many people may lose a role for a weaker one in one run.', '--allow-demotions'),
  moves: limit('How many people a changed users.key may move to a new key in one run.', '--allow-moves'),
  repositories: limit(
    'How many repositories may be removed from Permit in one run: deleted, archived or no longer matched.',
    '--allow-repositories',
    { counted: 'repositories', all: 'the mirrored ones' },
  ),
  links: limit(
    "How many links may be taken away in one run: a team's access to a repository, or a person's role on an organization, a team or a repository.",
    '--allow-links',
    { counted: 'links', all: 'those in Permit', usual: ['25%', 1000] },
  ),
  floors: optional(
    z.record(
      keyOf('role'),
      noted(count, { description: 'Minimum number of holders of this role in each tenant.' }),
    ),
    {
      description:
        'Minimum number of holders of a role in each tenant, whether this tool manages them or not; 0 for no minimum.',
      default: { admin: 1 },
      flag: '--allow-floor',
    },
  ),
});
