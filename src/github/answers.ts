import { type OrgId, parseGitHubId, parseOrgId } from '../model/identity.ts';
import type { Account, Member, OrgRole, TeamRole } from '../model/member.ts';
import { BASE_PERMISSIONS, type BasePermission } from '../model/repositories/access-model.ts';
import { isInteger, isRecord, parseEach } from '../model/text/record.ts';
import type { Parser } from './github-client.ts';

/** Parses GitHub's JSON. An answer that is not as documented counts as no answer. */

export const parseAccount: Parser<Account> = (body) => {
  if (!isRecord(body)) return undefined;
  const id = parseGitHubId(body.id);
  return id !== undefined && typeof body.login === 'string' && body.login !== ''
    ? { id, login: body.login }
    : undefined;
};

export const parseAccounts: Parser<readonly Account[]> = (body) => parseEach(body, parseAccount);

/** Members of one role, as the listings of an organization are filtered. */
export const parseMembers =
  (role: OrgRole): Parser<readonly Member[]> =>
  (body) =>
    parseEach(body, (item) => {
      const account = parseAccount(item);
      return account && memberOf(account, role);
    });

/** No spread: a spread object takes twice the memory, and there may be 100,000 members. */
export const memberOf = ({ id, login }: Account, role: OrgRole): Member => ({ id, login, role });

export type Organization = {
  readonly id: OrgId;
  readonly login: string;
  /** What it gives its members on every repository. Shown to owners, and to Apps with the permission. */
  readonly base: BasePermission | undefined;
  /** How many repositories it has that are not public; shown to the same. */
  readonly privateRepositories: number | undefined;
  /** How many public ones it has; shown to everyone. */
  readonly publicRepositories: number | undefined;
};

export const parseOrganization: Parser<Organization> = (body) => {
  if (!isRecord(body)) return undefined;
  const id = parseOrgId(body.id);
  if (id === undefined || typeof body.login !== 'string') return undefined;
  const countIn = (count: unknown): number | undefined => (typeof count === 'number' ? count : undefined);
  return {
    id,
    login: body.login,
    base: BASE_PERMISSIONS.find((one) => one === body.default_repository_permission),
    privateRepositories: countIn(body.owned_private_repos ?? body.total_private_repos),
    publicRepositories: countIn(body.public_repos),
  };
};

/**
 * `GET /orgs/{org}/memberships/{login}`: the role of an active membership. `role` is undefined for an invitation and
 * for a billing manager: neither is a member. `user` and `org` are those that GitHub's answer names.
 */
export const parseMembership: Parser<{
  readonly user: Account;
  readonly org: OrgId;
  readonly role: OrgRole | undefined;
}> = (body) => {
  if (!isRecord(body)) return undefined;
  const user = parseAccount(body.user);
  const org = parseOrgId(isRecord(body.organization) ? body.organization.id : undefined);
  const { state, role } = body;
  if (user === undefined || org === undefined || (state !== 'active' && state !== 'pending'))
    return undefined;
  if (role !== 'admin' && role !== 'member' && role !== 'billing_manager') return undefined;
  return { user, org, role: state === 'active' && role !== 'billing_manager' ? role : undefined };
};

/** `GET …/teams/{team}/memberships/{login}`: `role` is undefined for an invitation. */
export const parseTeamMembership: Parser<{ readonly role: TeamRole | undefined }> = (body) => {
  if (!isRecord(body)) return undefined;
  const { state, role } = body;
  if ((state !== 'active' && state !== 'pending') || (role !== 'maintainer' && role !== 'member'))
    return undefined;
  return { role: state === 'active' ? role : undefined };
};

/** `GET …/teams/{team}/members`: `role` is undefined if GitHub does not show it. */
export const parseTeamMembers: Parser<readonly (Account & { readonly role?: TeamRole })[]> = (body) =>
  parseEach(body, (member) => {
    const account = parseAccount(member);
    const role = isRecord(member) ? member.role : undefined;
    return account && (role === 'maintainer' || role === 'member') ? { ...account, role } : account;
  });

export type TeamName = { readonly id: number; readonly slug: string };

export const parseTeam: Parser<TeamName> = (team) =>
  isRecord(team) && isInteger(team.id) && typeof team.slug === 'string'
    ? { id: team.id, slug: team.slug }
    : undefined;

/** A team and the one above it, where there is one. */
type NestedTeam = TeamName & { readonly parent: number | undefined };

/** `GET /orgs/{org}/teams`. Where GitHub does not show whether a team has a parent, the list says too little. */
export const parseNestedTeams: Parser<readonly NestedTeam[]> = (body) =>
  parseEach(body, (item) => {
    const team = parseTeam(item);
    if (team === undefined || !isRecord(item)) return undefined;
    // Enterprise teams have no parents, and GitHub does not say whether it shows that.
    if (item.parent === null || (item.parent === undefined && team.slug.startsWith('ent:')))
      return { ...team, parent: undefined };
    const { id } = isRecord(item.parent) ? item.parent : {};
    return isInteger(id) ? { ...team, parent: id } : undefined;
  });

/** `GET /orgs/{org}/teams` */
export const parseTeams: Parser<readonly TeamName[]> = (body) => parseEach(body, parseTeam);
