import { type IdentityNeeds, identitiesIn } from '../model/corporate-identity.ts';
import { distinctNames, isSameName } from '../model/identity.ts';
import type { OrgNeeds, Unread } from '../model/member.ts';
import type { RepositorySettings } from '../model/repositories/facts.ts';
import { hasEnded, patternsOf, type Rule } from '../model/rule.ts';
import { globMatches } from '../model/text/glob.ts';
import { defined } from '../model/text/record.ts';
import type { UserSettings } from '../model/user.ts';
import type { PlanInput } from './plan-input.ts';

/** What to read of an organization besides its members, so that every rule can be decided. */
export function orgNeedsOf(
  rules: readonly Rule[],
  org: string,
  repositories?: Omit<RepositorySettings, 'tenant'>,
): OrgNeeds {
  const patterns = rules.flatMap(patternsOf);
  return {
    ...(repositories && mirrors(repositories, org) ? { repositories: { match: repositories.match } } : {}),
    teams: distinctNames(patterns.flatMap((pattern) => pattern.teamsOf(org))),
    orgRoles: distinctNames(patterns.flatMap((pattern) => pattern.orgRolesOf(org))),
    collaborators: patterns.some((pattern) => pattern.canMatchCollaboratorOf(org)),
  };
}

/** Whether the repositories of an organization are mirrored. */
export const mirrors = ({ orgs }: Pick<RepositorySettings, 'orgs'>, org: string): boolean =>
  orgs.some((one) => isSameName(one, org));

/**
 * Whether a rule in force, or the mirror of repositories, depends on something that could not be read. The facts of a
 * rule that has ended only tell which losses are expected.
 */
export function isMissed(
  { what }: Unread,
  org: string,
  { rules, repositories }: Pick<PlanInput, 'rules' | 'repositories'>,
  now: Date,
): boolean {
  const isMirrored = repositories !== undefined && mirrors(repositories, org);
  const { teams, collaborators, orgRoles } = orgNeedsOf(
    rules.filter((rule) => !hasEnded(rule, now)),
    org,
  );
  switch (what.kind) {
    case 'team':
      return (isMirrored && what.ref.startsWith('#')) || teams.some((ref) => globMatches(ref, what.ref));
    case 'org-role':
      return isMirrored || orgRoles.some((name) => globMatches(name, what.name));
    case 'collaborators':
      return collaborators;
    case 'repositories':
    case 'team-repositories':
    case 'direct-collaborators':
      return true;
    default:
      return what satisfies never;
  }
}

/** The identities that user keys and profiles need; undefined if none have to be read. */
export function identityNeedsOf(
  { key, profile = [] }: Pick<UserSettings, 'key' | 'profile'>,
  enterprise: string | undefined,
): IdentityNeeds | undefined {
  const names = identitiesIn(key).filter((name) => name !== 'map');
  const isFilled = profile.length > 0;
  if (names.length === 0 && !isFilled) return undefined;
  const external = isFilled || names.some((name) => name !== 'email');
  const emails = names.includes('email') ? 'always' : isFilled ? 'without a provider' : 'never';
  return { external, emails, ...defined({ enterprise }) };
}
