import { type Route, routesFor } from '../routes.ts';
import type { Answer } from '../server.ts';
import { notFound, ok, refusal } from './answers.ts';
import { type Ask, findOrg, isPrivileged, mustSeeAll } from './caller.ts';
import { page } from './pages.ts';
import { fullTeam, listedTeam, simpleUser, teamPath } from './shapes.ts';
import { type GitHubOrg, type GitHubTeam, isEnterpriseTeam } from './world.ts';

const on = routesFor<Ask>();
type TeamWork = (ask: Ask, org: GitHubOrg, team: GitHubTeam, params: TeamParams) => Answer;
/** Of the path, as far as they are there. */
type TeamParams = { readonly login: string; readonly owner: string; readonly repo: string };

/** Every operation on a team has two routes: by its slug, which maintainers can change, and by its id. */
export function onTeam<Rest extends string>(rest: Rest, work: TeamWork): Route<Ask>[] {
  return [
    on('GET', `/orgs/{org}/teams/{team}${rest}`, (ask, params: Record<string, string>) => {
      const org = findOrg(ask, 'login', params.org ?? '');
      const slug = params.team?.toLowerCase();
      const team = visibleTeams(ask, org).find((one) => one.slug === slug);
      if (team === undefined) throw notFound();
      return work(ask, org, team, paramsOf(params));
    }),
    on('GET', `/organizations/{org}/team/{team}${rest}`, (ask, params: Record<string, string>) => {
      const org = findOrg(ask, 'id', params.org ?? '');
      const team = visibleTeams(ask, org).find((one) => String(one.id) === params.team);
      if (team === undefined) throw notFound();
      if (isEnterpriseTeam(team) && ask.switches.enterpriseTeamById === 'notFound') throw notFound();
      return work(ask, org, team, paramsOf(params));
    }),
  ];
}

const paramsOf = ({ login = '', owner = '', repo = '' }: Readonly<Record<string, string>>): TeamParams => ({
  ...{ login, owner, repo },
});

export const teamRoutes: readonly Route<Ask>[] = [
  on('GET', '/orgs/{org}/teams', (ask, { org }) => listTeams(ask, findOrg(ask, 'login', org))),
  on('GET', '/organizations/{org}/teams', (ask, { org }) => listTeams(ask, findOrg(ask, 'id', org))),
  ...onTeam('', ({ request }, org, team) =>
    ok(fullTeam(org, team, teamRoles(org, team).all.length, request.origin)),
  ),
  ...onTeam('/members', listTeamMembers),
  ...onTeam('/memberships/{login}', getTeamMembership),
];

function listTeams(ask: Ask, org: GitHubOrg): Answer {
  const type = ask.request.search.get('team_type') ?? 'all';
  if (type !== 'all' && type !== 'enterprise' && type !== 'organization') {
    throw refusal(422, 'Validation Failed');
  }
  const teams = visibleTeams(ask, org).filter(
    (team) => type === 'all' || isEnterpriseTeam(team) === (type === 'enterprise'),
  );
  return page(ask, `/organizations/${org.id}/teams`, teams, (team) =>
    listedTeam(org, team, ask.request.origin),
  );
}

/** Owners, Apps and their own members see secret teams. Callers from outside see no team. */
export function visibleTeams({ caller }: Ask, org: GitHubOrg): readonly GitHubTeam[] {
  mustSeeAll(caller, org, notFound);
  const teams = org.teams.derive('byId', () => [...org.teams.values()].sort((a, b) => a.id - b.id));
  if (isPrivileged(caller, org)) return teams;
  return teams.filter(
    (team) => team.privacy === 'closed' || (caller.kind === 'person' && team.members.has(caller.account.id)),
  );
}

function listTeamMembers(ask: Ask, org: GitHubOrg, team: GitHubTeam): Answer {
  const { request, world, switches } = ask;
  const role = request.search.get('role') ?? 'all';
  if (role !== 'all' && role !== 'maintainer' && role !== 'member') {
    throw refusal(422, 'Validation Failed');
  }
  const members = teamRoles(org, team)[role];
  return page(ask, `${teamPath(org, team)}/members`, members, (member) => {
    const account = world.users.get(member.id);
    if (account === undefined)
      throw new Error(`the world lists ${member.id} in a team, but has no such account`);
    const more = { role: member.role, inherited: !team.members.has(member.id) };
    return { ...simpleUser(account, request.origin), ...(switches.teamMemberRoles ? more : {}) };
  });
}

function getTeamMembership(
  { request, world }: Ask,
  org: GitHubOrg,
  team: GitHubTeam,
  { login }: { readonly login: string },
): Answer {
  const account = world.users.byLogin(login);
  const member = account && teamRoles(org, team).everyone.find((one) => one.id === account.id);
  if (account === undefined || member === undefined) throw notFound();
  const url = `${request.origin}${teamPath(org, team)}/memberships/${account.login}`;
  return ok({ url, role: member.role, state: member.active ? 'active' : 'pending' });
}

type TeamMember = { readonly id: number; readonly role: 'maintainer' | 'member'; readonly active: boolean };
/** `everyone` includes invited people, the other lists don't. */
type TeamRoles = { readonly [list in 'everyone' | 'all' | 'maintainer' | 'member']: readonly TeamMember[] };

/**
 * The members of a team and of all teams below it, by id. An owner of the organization is a maintainer of each
 * team that they are in; a child's maintainer is a mere member of the parent.
 */
export function teamRoles(org: GitHubOrg, team: GitHubTeam): TeamRoles {
  const below = org.teams.derive(`below ${team.id}`, () => descendants(org, team));
  const compute = (): TeamRoles => {
    const roles = new Map<number, 'maintainer' | 'member'>();
    for (const child of below) for (const id of child.members.keys()) roles.set(id, 'member');
    for (const [id, role] of team.members) roles.set(id, role);
    const everyone = [...roles].flatMap(([id, role]): TeamMember[] => {
      const membership = org.members.get(id);
      if (membership === undefined) return [];
      return [
        {
          id,
          role: membership.role === 'admin' ? 'maintainer' : role,
          active: membership.state === 'active',
        },
      ];
    });
    everyone.sort((a, b) => a.id - b.id);
    const all = everyone.filter((member) => member.active);
    const having = (role: TeamMember['role']) => all.filter((member) => member.role === role);
    return { everyone, all, maintainer: having('maintainer'), member: having('member') };
  };
  return team.members.derive('roles', compute, [
    org.members,
    org.teams,
    ...below.map((child) => child.members),
  ]);
}

function descendants(org: GitHubOrg, team: GitHubTeam): readonly GitHubTeam[] {
  const children = [...org.teams.values()].filter((one) => one.parent === team.id);
  return children.flatMap((child) => [child, ...descendants(org, child)]);
}
