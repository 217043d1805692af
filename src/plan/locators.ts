import { folded, type OrgId } from '../model/identity.ts';
import type { Locator } from '../model/locator.ts';
import type { OrgRole, TeamRef, TeamRole } from '../model/member.ts';
import type { RepositoryRole } from '../model/repositories/access-model.ts';
import type { Repository } from '../model/repositories/facts.ts';
import { globMatches } from '../model/text/glob.ts';

type OrgName = { readonly org: string; readonly id: OrgId | undefined };

const locator = ({ org, id }: OrgName, kind: Locator['kind'], ...names: readonly string[]): Locator => ({
  text: ['github', org, kind, ...names].join(':'),
  kind,
  names: names.map(folded),
  org,
  orgId: id,
});

/** The locators that a membership gives a person (CONTRACT §4). */
export const membershipLocators = (org: OrgName, login: string, role: OrgRole): readonly Locator[] => [
  roleLocator(org, role),
  userLocator(org, login),
];

export const roleLocator = (org: OrgName, role: OrgRole): Locator => locator(org, 'role', role);

export const userLocator = (org: OrgName, login: string): Locator => locator(org, 'user', login);

export const teamLocator = (org: OrgName, ref: TeamRef, role: TeamRole): Locator =>
  locator(org, 'team', ref, role);

/** A team whose repositories are mirrored. Its id identifies it; the text shows the slug to the reader. */
export const mirroredTeamLocator = (
  org: OrgName,
  { ref, slug }: { readonly ref: TeamRef; readonly slug: string | undefined },
  role: TeamRole,
): Locator => ({
  ...teamLocator(org, ref, role),
  text: teamLocator(org, slug ?? ref, role).text,
});

export const orgRoleLocator = (org: OrgName, name: string): Locator => locator(org, 'org-role', name);

/** Access to a single repository that was given directly. The text names the repository for the reader. */
export const repositoryLocator = (
  org: OrgName,
  { id, name }: Pick<Repository, 'id' | 'name'>,
  role: RepositoryRole,
): Locator => ({
  ...locator(org, 'repository', String(id), role),
  text: ['github', org.org, 'repository', name, role].join(':'),
});

/** Outside collaborators have a login too, so that a `deny` of bots also covers outside bots. */
export const collaboratorLocators = (org: OrgName, login: string): readonly Locator[] => [
  locator(org, 'collaborator'),
  userLocator(org, login),
];

/** Compiles a role, tenant or resource pattern of a `deny`. `*` matches any run of characters; case matters. */
export function compileKeyPattern(pattern: string): (key: string) => boolean {
  return pattern.includes('*') ? (key) => globMatches(pattern, key, 'exact case') : (key) => key === pattern;
}
