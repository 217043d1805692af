import { type Route, routesFor } from '../routes.ts';
import type { Answer } from '../server.ts';
import { integrationForbidden, notFound, ok, refusal } from './answers.ts';
import { type Ask, findOrg, isPrivileged } from './caller.ts';
import { page } from './pages.ts';
import type { GitHubLevel } from './repositories/repository-world.ts';
import { listedTeam, orgRoleShape, simpleUser } from './shapes.ts';
import { teamRoles } from './teams.ts';
import {
  type GitHubOrg,
  type GitHubOrgRole,
  type GitHubWorld,
  nextId,
  orgOf,
  teamOf,
  userOf,
} from './world.ts';

const on = routesFor<Ask>();

/** Organization roles (docs.github.com/rest/orgs/organization-roles). Their list is not paged. */
export const orgRoleRoutes: readonly Route<Ask>[] = [
  on('GET', '/orgs/{org}/organization-roles', (ask, { org: name }) => {
    const org = rolesOf(ask, name, 'organization_custom_org_roles');
    const roles = [...org.roles.values()].map((role) => orgRoleShape(org, role, ask.request.origin));
    return ok({ total_count: roles.length, roles });
  }),
  on('GET', '/orgs/{org}/organization-roles/{role}', (ask, { org: name, role: id }) => {
    const org = rolesOf(ask, name, 'organization_custom_org_roles');
    const role = org.roles.get(Number(id));
    if (role === undefined) throw notFound();
    return ok(orgRoleShape(org, role, ask.request.origin));
  }),
  on('GET', '/orgs/{org}/organization-roles/{role}/users', (ask, { org: name, role: id }) => {
    const org = rolesOf(ask, name, 'members');
    const role = org.roles.get(Number(id));
    if (role === undefined) throw notFound();
    return listHolders(ask, org, role);
  }),
];

/** For owners with `admin:org`, and Apps with the permission. Not every plan or server has organization roles. */
function rolesOf(ask: Ask, name: string, permission: string): GitHubOrg {
  const { caller, switches } = ask;
  const org = findOrg(ask, 'login', name);
  if (switches.organizationRoles === 'notFound') throw notFound();
  if (caller.kind === 'installation') {
    const { orgId, permissions } = caller.installation;
    if (orgId !== org.id || permissions[permission] === undefined)
      throw integrationForbidden(`${permission}=read`);
    return org;
  }
  if (caller.kind !== 'person' || !isPrivileged(caller, org)) throw notFound();
  if (!caller.pat.scopes.includes('admin:org'))
    throw refusal(403, 'Must have admin rights to the organization.');
  return org;
}

/** People with the role, directly or through a team. Only members of the organization count. */
function listHolders(ask: Ask, org: GitHubOrg, role: GitHubOrgRole): Answer {
  const { world, request } = ask;
  const teams = [...role.teams].flatMap((id) => org.teams.get(id) ?? []);
  const through = (person: number) =>
    teams.filter((team) => teamRoles(org, team).all.some(({ id }) => id === person));
  const holders = [...org.members].flatMap(([id, { state }]) => {
    const account = world.users.get(id);
    const inherited = through(id);
    const isHolder = role.users.has(id) || inherited.length > 0;
    return account && state === 'active' && isHolder ? [{ account, inherited }] : [];
  });
  return page(
    ask,
    `/organizations/${org.id}/organization-roles/${role.id}/users`,
    holders,
    ({ account, inherited }) => ({
      ...simpleUser(account, request.origin),
      assignment: inherited.length === 0 ? 'direct' : role.users.has(account.id) ? 'mixed' : 'indirect',
      inherited_from: inherited.map((team) => listedTeam(org, team, request.origin)),
    }),
  );
}

type NewOrgRole = {
  readonly name: string;
  readonly id?: number;
  readonly source?: GitHubOrgRole['source'];
  /** The access that it gives to every repository. */
  readonly base?: GitHubLevel;
  /** Logins. */
  readonly users?: readonly string[];
  /** Slugs. */
  readonly teams?: readonly string[];
};

/** Makes an organization role, or replaces the one with this id. */
export function addOrgRole(world: GitHubWorld, org: string, role: NewOrgRole): GitHubOrgRole {
  const { name, source = 'Organization', base, users = [], teams = [] } = role;
  const made: GitHubOrgRole = {
    id: nextId(world, role.id),
    name,
    source,
    ...(base === undefined ? {} : { base }),
    users: new Set(users.map((login) => userOf(world, login).id)),
    teams: new Set(teams.map((slug) => teamOf(world, org, slug).id)),
  };
  orgOf(world, org).roles.set(made.id, made);
  return made;
}
