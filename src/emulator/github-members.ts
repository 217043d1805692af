import { integrationForbidden, noContent, notFound, ok, refusal } from './github-answers.ts';
import { type Ask, findOrg, isPrivileged, mustSeeAll, type Sight, sightOf } from './github-caller.ts';
import { page } from './github-pages.ts';
import { fullOrg, fullUser, simpleOrg, simpleUser } from './github-shapes.ts';
import type { GitHubAccount, GitHubOrg, GitHubRole } from './github-world.ts';
import { type Route, routesFor } from './routes.ts';
import type { Answer } from './server.ts';

const on = routesFor<Ask>();

/** An operation on an organization is there twice: by its login, and by its id, where the Link headers lead. */
function onOrg<Rest extends string>(
  rest: Rest,
  work: (ask: Ask, org: GitHubOrg, params: { readonly login: string }) => Answer,
): Route<Ask>[] {
  return [
    on('GET', `/orgs/{org}${rest}`, (ask, params: Record<string, string>) =>
      work(ask, findOrg(ask, 'login', params.org ?? ''), { login: params.login ?? '' }),
    ),
    on('GET', `/organizations/{org}${rest}`, (ask, params: Record<string, string>) =>
      work(ask, findOrg(ask, 'id', params.org ?? ''), { login: params.login ?? '' }),
    ),
  ];
}

export const memberRoutes: readonly Route<Ask>[] = [
  ...onOrg('', ({ request }, org) => ok(fullOrg(org, request.origin))),
  ...onOrg('/members', listMembers),
  ...onOrg('/members/{login}', checkMember),
  ...onOrg('/public_members', (ask, org) =>
    pageOfPeople(ask, org, 'public_members', listed(org, 'all', 'public')),
  ),
  ...onOrg('/public_members/{login}', ({ world }, org, { login }) => {
    const account = world.users.byLogin(login);
    if (account === undefined || !isListed(org, account, 'public')) throw notFound();
    return noContent;
  }),
  ...onOrg('/memberships/{login}', getMembership),
  ...onOrg('/outside_collaborators', (ask, org) => {
    mustSeeAll(ask.caller, org, notFound);
    if (!isPrivileged(ask.caller, org))
      throw refusal(403, 'You must be an owner to list outside collaborators.');
    const ids = org.outsideCollaborators.derive('ids', () => ascending(org.outsideCollaborators.keys()));
    return pageOfPeople(ask, org, 'outside_collaborators', ids);
  }),
  on('GET', '/user', ({ caller, request }) => {
    if (caller.kind === 'anonymous') throw refusal(401, 'Requires authentication');
    if (caller.kind !== 'person') throw integrationForbidden();
    return ok(fullUser(caller.account, request.origin));
  }),
  on('GET', '/user/{id}', ({ world, request }, { id }) => {
    const account = /^\d+$/.test(id) ? world.users.get(Number(id)) : undefined;
    if (account === undefined) throw notFound();
    return ok(fullUser(account, request.origin));
  }),
  on('GET', '/users/{login}', ({ world, request }, { login }) => {
    const account = world.users.byLogin(login);
    if (account === undefined) throw notFound();
    return ok(fullUser(account, request.origin));
  }),
];

function listMembers(ask: Ask, org: GitHubOrg): Answer {
  const role = ask.request.search.get('role') ?? 'all';
  if (role !== 'all' && role !== 'admin' && role !== 'member') throw refusal(422, 'Validation Failed');
  const sight = sightOf(ask.caller, org);
  if (sight === 'forbidden' && ask.switches.withoutPermission === 'forbidden') throw integrationForbidden();
  return pageOfPeople(ask, org, 'members', listed(org, role, sight));
}

/** A caller from outside is sent to the public members, whatever the answer would be there. */
function checkMember({ caller, world, request }: Ask, org: GitHubOrg, { login }: { login: string }): Answer {
  const sight = sightOf(caller, org);
  if (sight === 'forbidden') throw integrationForbidden();
  if (sight === 'public') {
    const location = `${request.origin}/orgs/${org.login}/public_members/${encodeURIComponent(login)}`;
    return { status: 302, headers: { location } };
  }
  const account = world.users.byLogin(login);
  if (account === undefined || !isListed(org, account, 'all')) {
    throw refusal(404, 'User does not exist or is not a member of the organization');
  }
  return noContent;
}

function getMembership(
  { caller, world, request }: Ask,
  org: GitHubOrg,
  { login }: { login: string },
): Answer {
  mustSeeAll(caller, org, () =>
    refusal(403, `You must be a member of ${org.login} to see membership information for ${login}.`),
  );
  const account = world.users.byLogin(login);
  const membership = account && org.members.get(account.id);
  if (account === undefined || membership === undefined) throw notFound();
  return ok({
    url: `${request.origin}/orgs/${org.login}/memberships/${account.login}`,
    state: membership.state,
    role: membership.role,
    organization_url: `${request.origin}/orgs/${org.login}`,
    user: simpleUser(account, request.origin),
    organization: simpleOrg(org, request.origin),
  });
}

/** Ids of active members in ascending order. */
function listed(org: GitHubOrg, role: GitHubRole | 'all', sight: Sight): readonly number[] {
  const seesAll = sight === 'all';
  return org.members.derive(`listed ${role} ${seesAll}`, () =>
    ascending(
      [...org.members]
        .filter(([, member]) => member.state === 'active' && (seesAll || member.public))
        .filter(([, member]) => role === 'all' || member.role === role)
        .map(([id]) => id),
    ),
  );
}

function isListed(org: GitHubOrg, account: GitHubAccount, sight: Sight): boolean {
  const member = org.members.get(account.id);
  return member?.state === 'active' && (sight === 'all' || member.public);
}

const ascending = (ids: Iterable<number>): number[] => [...ids].sort((a, b) => a - b);

function pageOfPeople(ask: Ask, org: GitHubOrg, list: string, ids: readonly number[]): Answer {
  const { world, request } = ask;
  return page(ask, `/organizations/${org.id}/${list}`, ids, (id) => {
    const account = world.users.get(id);
    if (account === undefined) throw new Error(`the world lists ${id} in ${list}, but has no such account`);
    return simpleUser(account, request.origin);
  });
}
