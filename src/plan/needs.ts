import { compareText } from '../model/identity.ts';
import type { OrgNeeds } from '../model/member.ts';
import { patternsOf, type Rule } from '../model/rule.ts';

/** What to read of an organization besides its members, so that every rule can be decided. */
export function needsOf(rules: readonly Rule[], org: string): OrgNeeds {
  const patterns = rules.flatMap(patternsOf);
  return {
    teams: [...new Set(patterns.flatMap((pattern) => pattern.teamsOf(org)))].sort(compareText),
    collaborators: patterns.some((pattern) => pattern.canMatchCollaboratorOf(org)),
  };
}
