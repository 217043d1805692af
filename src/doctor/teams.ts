import type { Finding } from '../model/finding.ts';
import type { TeamRef } from '../model/member.ts';
import { enumerate } from '../model/text.ts';

/**
 * The teams that statements name in one organization: the grants that hang on one that can't be seen are left as they
 * are by every run, which then exits 4.
 * @param named those that were looked for. @param missing those of them that GitHub does not show.
 */
export function judgeTeams(
  org: string,
  named: readonly TeamRef[],
  missing: readonly TeamRef[],
): readonly Finding[] {
  if (named.length === 0) return [];
  const id = `github.teams:${org}`;
  if (missing.length === 0) {
    const message = `the ${nouns(named)} of ${org} ${named.length === 1 ? 'is' : 'are'} visible`;
    return [{ id, area: 'github', status: 'ok', message }];
  }
  return [
    {
      id,
      area: 'github',
      status: 'failed',
      message: `GitHub shows no ${nouns(missing)} in ${org}, which the statements name`,
      mend:
        'correct the statements, or create the team; a classic token shows a secret team only if it is of one of its ' +
        'members or of an owner',
    },
  ];
}

const nouns = (refs: readonly TeamRef[]): string =>
  `${refs.length === 1 ? 'team' : 'teams'} ${enumerate(refs)}`;
