import type { GitHubId, OrgId } from '../model/identity.ts';
import type { Locator } from '../model/locator.ts';
import type { CompleteListing, OrgRole, Team, TeamRole } from '../model/member.ts';
import type { Rule } from '../model/rule.ts';
import {
  collaboratorLocators,
  membershipLocators,
  orgRoleLocator,
  roleLocator,
  teamLocator,
} from './locators.ts';
import { orgNeedsOf } from './needs.ts';

const NONE: readonly Locator[] = [];

/**
 * What no list shows of a person, although a list may have left it out: an absence proves nothing by itself
 * (CONTRACT §6.2). Empty without a `deny` or an `unless`, since only these could make a difference.
 */
export function absentFacts(
  listings: readonly CompleteListing[],
  rules: readonly Rule[],
): (id: GitHubId, login: string) => readonly Locator[] {
  if (!rules.some(({ effect, unless }) => effect === 'deny' || unless.length > 0)) return () => NONE;
  // Few people need this, and most runs nobody.
  let members: ReadonlyMap<OrgId, ReadonlyMap<GitHubId, OrgRole>> | undefined;
  return (id, login) => {
    members ??= new Map(
      listings.map((listing) => [listing.id, new Map(listing.members.map((one) => [one.id, one.role]))]),
    );
    return listings.flatMap((listing) => [
      ...absentRoles(listing, login, members?.get(listing.id)?.get(id)),
      ...absentCollaborator(listing, id, login),
      ...listing.teams.flatMap((team) => absentTeamRoles(listing, team, id)),
      ...(listing.orgRoles ?? [])
        .filter(({ holders }) => !holders.has(id))
        .map(({ name }) => orgRoleLocator(listing, name)),
    ]);
  };
}

function absentRoles(listing: CompleteListing, login: string, role: OrgRole | undefined): readonly Locator[] {
  if (role === 'admin') return NONE;
  const admin = roleLocator(listing, 'admin');
  return role === 'member' ? [admin] : [admin, ...membershipLocators(listing, login, 'member')];
}

const absentCollaborator = (listing: CompleteListing, id: GitHubId, login: string): readonly Locator[] =>
  listing.collaborators?.some((one) => one.id === id) === false ? collaboratorLocators(listing, login) : NONE;

function absentTeamRoles(
  listing: CompleteListing,
  { ref, asked, members }: Team,
  id: GitHubId,
): readonly Locator[] {
  const role = members.get(id);
  if (asked === 'mirror' || role === 'maintainer') return NONE;
  const absent: readonly TeamRole[] = role === 'member' ? ['maintainer'] : ['maintainer', 'member'];
  return absent.map((one) => teamLocator(listing, ref, one));
}

/** Facts that may hold in organizations that were not listed: anyone may be anything there. */
export function restraining(
  listings: readonly CompleteListing[],
  rules: readonly Rule[],
  orgs: readonly string[],
): (login: string) => readonly Locator[] {
  const listed = new Set(listings.map(({ org }) => org.toLowerCase()));
  const unlisted = orgs
    .filter((org) => !listed.has(org.toLowerCase()))
    .map((org) => ({ org, id: undefined }));
  if (unlisted.length === 0) return () => NONE;
  const inside = unlisted.flatMap((org) => {
    const { teams, orgRoles } = orgNeedsOf(rules, org.org);
    return [
      ...teams.flatMap((ref) => [teamLocator(org, ref, 'maintainer'), teamLocator(org, ref, 'member')]),
      ...orgRoles.map((name) => orgRoleLocator(org, name)),
    ];
  });
  return (login) => [
    ...unlisted.flatMap((org) => [
      ...membershipLocators(org, login, 'admin'),
      ...membershipLocators(org, login, 'member'),
      ...collaboratorLocators(org, login),
    ]),
    ...inside,
  ];
}
