import { globMatches } from '../model/glob.ts';
import { compareText } from '../model/identity.ts';
import { expandLocator } from '../model/locator.ts';
import type { OrgNeeds, TeamRef } from '../model/member.ts';
import type { Statement } from '../model/statement.ts';
import { patternsOf } from './statements.ts';

/** What has to be read of an organization beyond its members, so that every statement can be decided. */
export function needsOf(statements: readonly Statement[], org: string): OrgNeeds {
  const patterns = statements.flatMap(patternsOf);
  const teams = new Set(
    patterns.map((pattern) => teamRefOf(pattern, org)).filter((ref) => ref !== undefined),
  );
  return {
    teams: [...teams].sort(compareText),
    collaborators: patterns.some((pattern) => matchesOrg(expandLocator(pattern, 'collaborator'), org)),
  };
}

/**
 * The team, or pattern of teams, of `org` that decides whether `pattern` matches.
 * @returns undefined where none does: the pattern names no team, or matches every member by their role anyway.
 */
export function teamRefOf(pattern: string, org: string): TeamRef | undefined {
  const team = expandLocator(pattern, 'team');
  if (!matchesOrg(team, org)) return undefined;
  const role = expandLocator(pattern, 'role');
  if (role?.[3] === '*') return undefined;
  return team?.[3]?.toLowerCase();
}

const matchesOrg = (segments: readonly string[] | undefined, org: string): boolean =>
  segments !== undefined && globMatches(segments[1] ?? '', org);
