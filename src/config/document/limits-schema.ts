import * as z from 'zod/mini';
import { limitProblem } from '../limits.ts';
import { noted, optional, text } from './noted-schema.ts';
import { keySchema } from './policy-schema.ts';

const count = z.int().check(z.gte(0, 'cannot be less than 0'));
const percentage = text(limitProblem, '^[0-9]{1,3}(?:\\.[0-9]{1,3})?%$', 'a percentage such as "25%"');
const limit = (
  description: string,
  flag: string,
  {
    counted = 'people',
    all = 'all managed users',
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
      description: `${description} A number of ${counted}, a percentage of ${all} (which allows at least 1), or a list whose smallest limit applies; 0 allows none.`,
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
      keySchema('role'),
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
