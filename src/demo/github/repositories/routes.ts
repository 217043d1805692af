import { type Route, routesFor } from '../../routes.ts';
import { type Answer, Refused } from '../../server.ts';
import { integrationForbidden, noContent, notFound, ok, refusal } from '../answers.ts';
import { type Ask, findOrg, isPrivileged } from '../caller.ts';
import { page } from '../pages.ts';
import { simpleUser } from '../shapes.ts';
import { onTeam, visibleTeams } from '../teams.ts';
import type { GitHubOrg } from '../world.ts';
import { repositoryNamed, setTeamRole } from './change-repositories.ts';
import { effectiveAccess, teamAccess } from './effective-access.ts';
import { type GitHubLevel, type GitHubRepository, levelOfRole, OWN_ROLES } from './repository-world.ts';
import { collaboratorShape, customRoleShape, repositoryShape, roleShape } from './shapes.ts';
import { mayListCollaborators, ownRole, seesRepository, visibleRepositories } from './sight.ts';

const on = routesFor<Ask>();
type Params = Readonly<Record<string, string>>;
type RepositoryWork = (ask: Ask, org: GitHubOrg, repository: GitHubRepository, params: Params) => Answer;

/** Every operation on a repository has two routes: by owner and name, which can change, and by its id. */
function onRepository<Rest extends string>(rest: Rest, work: RepositoryWork): Route<Ask>[] {
  return [
    on('GET', `/repos/{owner}/{repo}${rest}`, (ask, params: Params) => {
      const { org, repository } = findByName(ask, params.owner ?? '', params.repo ?? '');
      return work(ask, org, repository, params);
    }),
    on('GET', `/repositories/{id}${rest}`, (ask, params: Params) => {
      for (const org of ask.world.orgs.values()) {
        const repository = org.repositories.all.get(Number(params.id));
        if (repository === undefined || !seesRepository(ask, org, repository)) continue;
        return work(ask, findOrg(ask, 'id', String(org.id)), repository, params);
      }
      throw notFound();
    }),
  ];
}

export const repositoryRoutes: readonly Route<Ask>[] = [
  on('GET', '/orgs/{org}/repos', (ask, { org }) => listRepositories(ask, findOrg(ask, 'login', org))),
  on('GET', '/organizations/{org}/repos', (ask, { org }) => listRepositories(ask, findOrg(ask, 'id', org))),
  on('GET', '/orgs/{org}/custom-repository-roles', (ask, { org }) =>
    listCustomRoles(ask, findOrg(ask, 'login', org)),
  ),
  ...onRepository('', ({ request }, org, repository) => ok(repositoryShape(org, repository, request.origin))),
  ...onRepository('/collaborators', listCollaborators),
  ...onRepository('/collaborators/{login}/permission', showPermission),
  ...onTeam('/repos', (ask, org, team) => {
    const listed = visibleRepositories(ask, org).flatMap((repository) => {
      const role = teamAccess(org, team.id, repository);
      return role === undefined ? [] : [{ repository, role }];
    });
    const path = `/organizations/${org.id}/team/${team.id}/repos`;
    return page(ask, path, listed, ({ repository, role }) => showTeamRole(ask, org, repository, role));
  }),
  ...onTeam('/repos/{owner}/{repo}', (ask, org, team, params) => {
    const found = findByName(ask, params.owner, params.repo);
    const role = found.org === org ? teamAccess(org, team.id, found.repository) : undefined;
    if (role === undefined) throw notFound();
    const asks = String(ask.request.headers.accept).includes('application/vnd.github.v3.repository+json');
    return asks ? ok(showTeamRole(ask, org, found.repository, role)) : noContent;
  }),
  on('PUT', '/orgs/{org}/teams/{team}/repos/{owner}/{repo}', (ask, params) => {
    const { permission = 'pull' } = (ask.request.body ?? {}) as { readonly permission?: unknown };
    const { customRoles } = findOrg(ask, 'login', params.org).repositories;
    const role = ROLE_OF_PERMISSION[String(permission)] ?? customRoles.get(String(permission))?.name;
    if (role === undefined) throw refusal(422, 'Validation Failed');
    return changeTeamRole(ask, params, role);
  }),
  on('DELETE', '/orgs/{org}/teams/{team}/repos/{owner}/{repo}', (ask, params) =>
    changeTeamRole(ask, params, undefined),
  ),
];

/** A team's `permission`, as REST names it. The default is the team's own, `pull`. */
const ROLE_OF_PERMISSION: Readonly<Record<string, GitHubLevel>> = {
  ...{ pull: 'read', triage: 'triage', push: 'write', maintain: 'maintain', admin: 'admin' },
};

function changeTeamRole(ask: Ask, params: Params, role: string | undefined): Answer {
  const { org, repository } = findByName(ask, params.owner ?? '', params.repo ?? '');
  const team = visibleTeams(ask, org).find(({ slug }) => slug === params.team?.toLowerCase());
  if (team === undefined || org !== findOrg(ask, 'login', params.org ?? '')) throw notFound();
  if (ownRole(ask, org, repository) !== 'admin') throw refusal(403, 'Must have admin rights to Repository.');
  setTeamRole(ask.world, org.login, repository.name, team.slug, role);
  return noContent;
}

function findByName(
  ask: Ask,
  owner: string,
  name: string,
): { readonly org: GitHubOrg; readonly repository: GitHubRepository } {
  const org = ask.world.orgs.get(owner.toLowerCase());
  const repository = org && repositoryNamed(org, name);
  if (org && repository && seesRepository(ask, org, repository)) {
    return { org: findOrg(ask, 'login', owner), repository };
  }
  const id = ask.world.formerRepositoryNames.get(`${owner}/${name}`.toLowerCase());
  const now = [...ask.world.orgs.values()].find((one) => id !== undefined && one.repositories.all.has(id));
  const moved = now?.repositories.all.get(id ?? 0);
  if (now === undefined || moved === undefined || !seesRepository(ask, now, moved)) throw notFound();
  const { request } = ask;
  const rest = request.path.startsWith('/repos/') ? request.path.split('/').slice(4) : [];
  const query = request.search.size === 0 ? '' : `?${request.search}`;
  const url = `${[`${request.origin}/repositories/${id}`, ...rest].join('/')}${query}`;
  const body = { message: 'Moved Permanently', url, documentation_url: 'https://docs.github.com/rest' };
  throw new Refused({ status: 301, headers: { location: url }, body });
}

const TYPES: Readonly<Record<string, (repository: GitHubRepository) => boolean>> = {
  all: () => true,
  public: ({ visibility }) => visibility === 'public',
  private: ({ visibility }) => visibility !== 'public',
  sources: () => true,
  forks: () => false,
  member: () => true,
};

function listRepositories(ask: Ask, org: GitHubOrg): Answer {
  const { search, origin } = ask.request;
  const isOfType = TYPES[search.get('type') ?? 'all'];
  if (isOfType === undefined) throw refusal(422, 'Validation Failed');
  const listed = visibleRepositories(ask, org).filter(isOfType);
  const isDescending = search.get('direction') === 'desc' || !search.has('sort');
  const inOrder = isDescending && search.get('direction') !== 'asc' ? listed.toReversed() : listed;
  return page(ask, `/organizations/${org.id}/repos`, inOrder, (repository) => {
    const role = ownRole(ask, org, repository);
    return { ...repositoryShape(org, repository, origin), ...(role ? roleShape(org, role) : {}) };
  });
}

/** With `directRoles: 'effective'`, an item shows the highest role by any way, as GitHub's description says. */
function listCollaborators(ask: Ask, org: GitHubOrg, repository: GitHubRepository): Answer {
  const { request, world, switches } = ask;
  if (!mayListCollaborators(ask, org, repository))
    throw refusal(403, 'Must have push access to view repository collaborators.');
  const affiliation = request.search.get('affiliation') ?? 'all';
  const wanted = request.search.get('permission');
  const effective = effectiveAccess(org, repository);
  const isListed: Readonly<Record<string, (id: number) => boolean>> = {
    all: () => true,
    direct: (id) => repository.collaborators.has(id),
    outside: (id) => repository.collaborators.has(id) && org.members.get(id)?.state !== 'active',
  };
  const belongs = isListed[affiliation];
  if (belongs === undefined) throw refusal(422, 'Validation Failed');
  const roleOf = (id: number): string =>
    (affiliation === 'direct' && switches.directRoles === 'own' ? repository.collaborators : effective).get(
      id,
    ) ?? 'read';
  const ids = [...effective.keys()].filter(
    (id) => belongs(id) && (wanted === null || roleShape(org, roleOf(id)).permissions[asLevel(wanted)]),
  );
  return page(ask, `/repositories/${repository.id}/collaborators`, ids, (id) => {
    const account = world.users.get(id);
    if (account === undefined) throw new Error(`the world gives ${id} access, but has no such account`);
    return collaboratorShape(org, account, roleOf(id), request.origin);
  });
}

function asLevel(name: string): keyof ReturnType<typeof roleShape>['permissions'] {
  if (['pull', 'triage', 'push', 'maintain', 'admin'].includes(name)) return name as 'pull';
  throw refusal(422, 'Validation Failed');
}

/** `permission` knows four levels only: triage shows as read, maintain as write. */
function showPermission(ask: Ask, org: GitHubOrg, repository: GitHubRepository, params: Params): Answer {
  const { world, request } = ask;
  if (!mayListCollaborators(ask, org, repository))
    throw refusal(403, 'Must have push access to view collaborator permission.');
  const account = world.users.byLogin(params.login ?? '');
  if (account === undefined) throw notFound();
  const role = effectiveAccess(org, repository).get(account.id);
  if (role === undefined) {
    const none = { pull: false, triage: false, push: false, maintain: false, admin: false };
    const user = { ...simpleUser(account, request.origin), permissions: none, role_name: '' };
    return ok({ permission: 'none', role_name: '', user });
  }
  const permission = ['read', 'read', 'write', 'write', 'admin'][
    OWN_ROLES.indexOf(levelOfRole(org.repositories, role))
  ];
  const user = collaboratorShape(org, account, role, request.origin);
  return ok({ permission, role_name: role, user });
}

function showTeamRole(ask: Ask, org: GitHubOrg, repository: GitHubRepository, role: string) {
  const { permissions, role_name } = roleShape(org, role);
  const named = ask.switches.teamRoleNames === 'shown' ? { role_name } : {};
  return { ...repositoryShape(org, repository, ask.request.origin), permissions, ...named };
}

function listCustomRoles(ask: Ask, org: GitHubOrg): Answer {
  const { caller } = ask;
  if (caller.kind === 'installation') {
    const { orgId, permissions } = caller.installation;
    if (orgId !== org.id || permissions.organization_custom_roles === undefined)
      throw integrationForbidden('organization_custom_roles=read');
  } else if (caller.kind !== 'person' || !isPrivileged(caller, org)) throw notFound();
  else if (!caller.pat.scopes.includes('admin:org')) throw notFound();
  const roles = [...org.repositories.customRoles.values()];
  return ok({
    total_count: roles.length,
    custom_roles: roles.map((role) => customRoleShape(org, role, ask.request.origin)),
  });
}
