import { globMatches } from '../model/glob.ts';
import { compareText, folded } from '../model/identity.ts';
import { formsOf, type LocatorForm, matchesAnyRole } from '../model/locator.ts';
import type { OrgNeeds, TeamRef } from '../model/member.ts';
import type { Rule } from '../model/rule.ts';
import { patternsOf } from './rules.ts';

/** What has to be read of an organization beyond its members, so that every rule can be decided. */
export function needsOf(rules: readonly Rule[], org: string): OrgNeeds {
  const patterns = rules.flatMap(patternsOf);
  return {
    teams: [...new Set(patterns.flatMap((pattern) => teamsNamed(pattern, org)))].sort(compareText),
    collaborators: patterns
      .flatMap(formsOf)
      .some((form) => form.kind === 'collaborator' && speaksOf(form, org)),
  };
}

/**
 * The teams, or patterns of teams, of `org` that decide whether `pattern` matches; none where it names no team, or
 * matches every member by their role anyway.
 */
export function teamsNamed(pattern: string, org: string): readonly TeamRef[] {
  if (matchesAnyRole(pattern)) return [];
  const teams = formsOf(pattern).filter((form) => form.kind === 'team' && speaksOf(form, org));
  const refs = teams.map(({ names: [slug = ''] }) => folded(slug));
  // A pattern that may mean a team or many names none that has to exist: it is looked for among all teams.
  return refs.length > 1 ? refs.map((ref) => (ref.includes('*') ? ref : `${ref}*`)) : refs;
}

const speaksOf = (form: LocatorForm, org: string): boolean => globMatches(form.org, org);
