import { type Route, routesFor } from '../routes.ts';
import type { Answer } from '../server.ts';
import { integrationForbidden, noContent, notFound, ok, refusal } from './answers.ts';
import { type Ask, findOrg, isPrivileged, mustSeeAll, type Sight, seesAccount, sightOf } from './caller.ts';
import { page } from './pages.ts';
import { organizationDetails } from './repositories/organization.ts';
import { fullOrg, fullUser, membershipShape, simpleUser } from './shapes.ts';
import type { GitHubAccount, GitHubMembership, GitHubOrg, GitHubRole } from './world.ts';

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
  ...onOrg('', (ask, org) => ok({ ...fullOrg(org, ask.request.origin), ...organizationDetails(ask, org) })),
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
    const isOutside = (id: number): boolean => org.members.get(id)?.state !== 'active';
    const added = [...org.repositories.all.values()].flatMap((one) => [...one.collaborators.keys()]);
    const ids = ascending(new Set([...org.outsideCollaborators.keys(), ...added.filter(isOutside)]));
    return pageOfPeople(ask, org, 'outside_collaborators', ids);
  }),
  on('GET', '/user', ({ caller, request }) => {
    if (caller.kind === 'anonymous') throw refusal(401, 'Requires authentication');
    if (caller.kind !== 'person') throw integrationForbidden('metadata=read');
    return ok(fullUser(caller.account, request.origin));
  }),
  on('GET', '/user/memberships/orgs/{org}', (ask, { org }) => {
    const { caller } = ask;
    if (caller.kind === 'anonymous') throw refusal(401, 'Requires authentication');
    if (caller.kind !== 'person') throw integrationForbidden('members=read');
    return showMembership(ask, findOrg(ask, 'login', org), caller.account);
  }),
  on('GET', '/user/{id}', (ask, { id }) =>
    showAccount(ask, /^\d+$/.test(id) ? ask.world.users.get(Number(id)) : undefined),
  ),
  on('GET', '/users/{login}', (ask, { login }) => showAccount(ask, ask.world.users.byLogin(login))),
];

function showAccount(ask: Ask, account: GitHubAccount | undefined): Answer {
  if (account === undefined || !seesAccount(ask, account)) throw notFound();
  return ok(fullUser(account, ask.request.origin));
}

function listMembers(ask: Ask, org: GitHubOrg): Answer {
  const role = ask.request.search.get('role') ?? 'all';
  if (role !== 'all' && role !== 'admin' && role !== 'member') throw refusal(422, 'Validation Failed');
  const sight = sightOf(ask.caller, org);
  if (sight === 'forbidden' && ask.switches.withoutPermission === 'forbidden') {
    throw integrationForbidden('members=read');
  }
  const ids = ask.switches.indirectMembers === 'listed' ? listed(org, role, sight) : direct(org, role, sight);
  return pageOfPeople(ask, org, 'members', ids);
}

/** Redirects a caller from outside to the public members, whatever the answer there. */
function checkMember({ caller, world, request }: Ask, org: GitHubOrg, { login }: { login: string }): Answer {
  const sight = sightOf(caller, org);
  if (sight === 'forbidden') throw integrationForbidden('members=read');
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

function getMembership(ask: Ask, org: GitHubOrg, { login }: { login: string }): Answer {
  mustSeeAll(ask.caller, org, () =>
    refusal(403, `You must be a member of ${org.login} to see membership information for ${login}.`),
  );
  return showMembership(ask, org, ask.world.users.byLogin(login));
}

function showMembership({ request }: Ask, org: GitHubOrg, account: GitHubAccount | undefined): Answer {
  const membership = account && org.members.get(account.id);
  if (account === undefined || membership === undefined) throw notFound();
  return ok(membershipShape(org, account, membership, request.origin));
}

/** Ids of active members in ascending order. */
function listed(org: GitHubOrg, role: GitHubRole | 'all', sight: Sight): readonly number[] {
  const seesAll = sight === 'all';
  return org.members.derive(`listed ${role} ${seesAll}`, () =>
    ascending(
      [...org.members]
        .filter(([, member]) => isMember(member) && (seesAll || member.public))
        .filter(([, member]) => role === 'all' || member.role === role)
        .map(([id]) => id),
    ),
  );
}

/** Leaves out members through an enterprise team alone. */
const direct = (org: GitHubOrg, role: GitHubRole | 'all', sight: Sight): readonly number[] =>
  org.members.derive(`direct ${role} ${sight}`, () =>
    listed(org, role, sight).filter((id) => org.members.get(id)?.through === undefined),
  );

function isListed(org: GitHubOrg, account: GitHubAccount, sight: Sight): boolean {
  const member = org.members.get(account.id);
  return member !== undefined && isMember(member) && (sight === 'all' || member.public);
}

const isMember = ({ state, role }: GitHubMembership): boolean =>
  state === 'active' && role !== 'billing_manager';

const ascending = (ids: Iterable<number>): number[] => [...ids].sort((a, b) => a - b);

function pageOfPeople(ask: Ask, org: GitHubOrg, list: string, ids: readonly number[]): Answer {
  const { world, request } = ask;
  return page(ask, `/organizations/${org.id}/${list}`, ids, (id) => {
    const account = world.users.get(id);
    if (account === undefined) throw new Error(`the world lists ${id} in ${list}, but has no such account`);
    return simpleUser(account, request.origin);
  });
}
