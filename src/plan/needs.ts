import { compareText } from '../model/identity.ts';
import type { OrgNeeds, Unread } from '../model/member.ts';
import { hasEnded, patternsOf, type Rule } from '../model/rule.ts';
import { globMatches } from '../model/text/glob.ts';

/** What to read of an organization besides its members, so that every rule can be decided. */
export function needsOf(rules: readonly Rule[], org: string): OrgNeeds {
  const patterns = rules.flatMap(patternsOf);
  return {
    teams: [...new Set(patterns.flatMap((pattern) => pattern.teamsOf(org)))].sort(compareText),
    collaborators: patterns.some((pattern) => pattern.canMatchCollaboratorOf(org)),
  };
}

/**
 * Whether a rule in force depends on something that could not be read. A rule that has ended only needs its facts to
 * tell which losses are expected.
 */
export function isMissed({ what }: Unread, org: string, rules: readonly Rule[], now: Date): boolean {
  const { teams, collaborators } = needsOf(
    rules.filter((rule) => !hasEnded(rule, now)),
    org,
  );
  return what.kind === 'collaborators' ? collaborators : teams.some((ref) => globMatches(ref, what.ref));
}
