import { type Finding, findingsIn } from '../model/finding.ts';
import type { TeamRef } from '../model/member.ts';
import { globMatches } from '../model/text/glob.ts';
import { enumerate } from '../model/text/text.ts';

const { ok, warning, failed } = findingsIn('github');

/**
 * Checks the teams that rules name in one organization. If a team can't be seen, every run leaves the grants that
 * depend on it as they are, and exits 4. A slug can change hands, so the finding shows the form with the id, ready to
 * paste.
 * @param named the teams to look for. @param found the numeric ids of those that GitHub shows.
 */
export function judgeTeams(
  org: string,
  named: readonly TeamRef[],
  found: ReadonlyMap<TeamRef, number>,
): readonly Finding[] {
  if (named.length === 0) return [];
  const id = `github.teams:${org}`;
  const missing = named.filter((ref) => !found.has(ref));
  const hint =
    'correct the rules, or create the team; a classic token shows a secret team only if it belongs to a member of ' +
    'the team or to an owner';
  return [
    missing.length === 0
      ? ok(id, `the ${nouns(named)} of ${org} ${named.length === 1 ? 'is' : 'are'} visible`)
      : failed(id, `GitHub shows no ${nouns(missing)} in ${org}, which the rules name`, hint),
    ...adviseIds(org, found),
  ];
}

/**
 * The organization roles that exist, and those that rules name and an organization lacks.
 * @param existing undefined if GitHub does not show them; `refusal` then says why.
 */
export function judgeOrgRoles(
  org: string,
  wanted: readonly string[],
  existing: readonly string[] | undefined,
  refusal = '',
): readonly Finding[] {
  const id = `github.org-roles:${org}`;
  if (existing === undefined) {
    const hint =
      'the credential needs Custom organization roles: read (a classic token: admin:org), on a plan and a server that ' +
      'have organization roles';
    return [failed(id, `the organization roles of ${org} could not be read (${refusal})`, hint)];
  }
  const found = ok(id, `${org} has the organization roles ${enumerate(existing)}`);
  const missing = wanted.filter((pattern) => !existing.some((name) => globMatches(pattern, name)));
  if (missing.length === 0) return [found];
  const message = `${org} has no organization role ${enumerate(missing)}, which the rules name`;
  return [
    found,
    warning(
      `${id}:missing`,
      message,
      `correct the rules, or create the role; ${org} has ${enumerate(existing)}`,
    ),
  ];
}

function adviseIds(org: string, found: ReadonlyMap<TeamRef, number>): readonly Finding[] {
  const bySlug = [...found].filter(([ref]) => !ref.startsWith('#'));
  if (bySlug.length === 0) return [];
  const forms = bySlug.map(([slug, number]) => `team:#${number} for team:${slug}`);
  const message =
    `the rules name the ${nouns(bySlug.map(([slug]) => slug))} of ${org} by slug: when a team is renamed or ` +
    'deleted, any member may create another one under its slug';
  return [warning(`github.team-slugs:${org}`, message, `write ${enumerate(forms)}`)];
}

const nouns = (refs: readonly TeamRef[]): string =>
  `${refs.length === 1 ? 'team' : 'teams'} ${enumerate(refs)}`;
