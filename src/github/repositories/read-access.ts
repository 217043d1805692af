import { onHttpFailure } from '../../http/http-failure.ts';
import type { GitHubId } from '../../model/identity.ts';
import type { Unread } from '../../model/member.ts';
import type { DirectCollaborator, RepositoryFacts, RepositoryTeam } from '../../model/repositories/facts.ts';
import type { EffectiveAccess } from '../../model/repositories/ports.ts';
import { printable } from '../../model/text/text.ts';
import type { TeamName } from '../answers.ts';
import type { GitHubClient } from '../github-client.ts';
import { below } from '../identities/answers.ts';
import { type OrgClient, teamAddress, teamRoute } from '../membership.ts';
import { listAll, listWhole } from '../pages.ts';
import { parseCollaborators, parseTeamAccesses } from './answers.ts';
import type { RepositoryOutline } from './list-repositories.ts';
import { readNodes } from './read-nodes.ts';

const COUNTS = `
query DirectCollaborators($org: String!, $first: Int!, $after: String) {
  organization(login: $org) {
    repositories(first: $first, after: $after) {
      nodes { databaseId collaborators(affiliation: DIRECT) { totalCount } }
      pageInfo { hasNextPage endCursor }
    }
  }
}`;

export type Access = { readonly repositories: RepositoryFacts; readonly unread: readonly Unread[] };

/**
 * Reads who has access to the repositories of an organization: each team's role, and the direct collaborators of the
 * repositories that have any. Each list is read completely or named in `unread`.
 * Requests: the pages of each team's repositories, a query for each 100 repositories, and the pages of each list of
 * direct collaborators.
 */
export async function readAccess(place: OrgClient, outline: RepositoryOutline): Promise<Access> {
  const { base, repositories, leftOut } = outline;
  const unread: Unread[] = [];
  const [teams, collaborators] = await Promise.all([
    Promise.all(outline.teams.map((team) => readTeam(place, team, (id) => repositories.has(id), unread))),
    countCollaborators(place).then((counts) => readCollaborators(place, repositories, counts, unread)),
  ]);
  return {
    repositories: {
      ...{ base, repositories, leftOut, collaborators },
      teams: new Map(teams.map((team) => [team.id, team])),
    },
    // In an order that does not depend on which answer came first.
    unread: unread.toSorted((a, b) => (a.message < b.message ? -1 : 1)),
  };
}

/** @param isMirrored whether the role on a repository counts. */
export async function readTeam(
  place: OrgClient,
  team: TeamName,
  isMirrored: (repository: number) => boolean,
  unread: Unread[],
): Promise<RepositoryTeam> {
  const { id, slug } = team;
  const { route, parameters } = teamRoute(place, teamAddress(team));
  const failed = (why: string): RepositoryTeam => {
    unread.push({
      what: { kind: 'team-repositories', id },
      message: `the repositories of the team ${printable(slug)} of ${place.org} could not be read (${why})`,
    });
    return { id, slug, access: 'unread' };
  };
  return listAll(place.client, `${route}/repos`, parameters, parseTeamAccesses).then(
    (listed) => {
      if (listed === undefined) return failed('the list did not come whole');
      const mirrored = listed.filter((one) => isMirrored(one.id));
      return { id, slug, access: new Map(mirrored.map((one) => [one.id, one.role])) };
    },
    onHttpFailure(({ answer }) => failed(answer)),
  );
}

/**
 * How many direct collaborators each repository has, by id, which saves asking each for its list. One query for each
 * 100 repositories.
 * @returns the counts that GitHub gave. If GraphQL does not answer, or hides a repository, there is none.
 */
async function countCollaborators(place: OrgClient): Promise<ReadonlyMap<number, number>> {
  const counts = new Map<number, number>();
  for (const node of await readNodes(place, COUNTS, 'repositories', 100)) {
    const id = below(node, 'databaseId');
    const count = below(node, 'collaborators', 'totalCount');
    if (typeof id === 'number' && typeof count === 'number') counts.set(id, count);
  }
  return counts;
}

/** @param counts how many each repository has, as far as that is known: those without any are not asked. */
export async function readCollaborators(
  place: OrgClient,
  repositories: RepositoryFacts['repositories'],
  counts: ReadonlyMap<number, number> | undefined,
  unread: Unread[],
): Promise<RepositoryFacts['collaborators']> {
  const asked = [...repositories.values()].filter(({ id }) => counts?.get(id) !== 0);
  const lists = await Promise.all(
    asked.map(({ id, name }) =>
      listDirectCollaborators(place.client, id).then(
        (people) => [id, people] as const,
        onHttpFailure(({ answer }) => {
          unread.push({
            what: { kind: 'direct-collaborators', id },
            message: `the direct collaborators of ${place.org}/${printable(name)} could not be read (${answer})`,
          });
          return [id, 'unread'] as const;
        }),
      ),
    ),
  );
  return new Map(
    lists.flatMap(([id, people]) => (people === 'unread' || people.size > 0 ? [[id, people] as const] : [])),
  );
}

/** Who was given access to one repository, members or not. @throws HttpFailure */
export async function listDirectCollaborators(
  client: GitHubClient,
  id: number,
): Promise<ReadonlyMap<GitHubId, DirectCollaborator>> {
  const listed = await listRepositoryCollaborators(client, id, 'direct');
  return new Map(listed.map((one) => [one.id, { login: one.login, role: one.role }]));
}

/** @param affiliation `all`: everyone who has access, directly or not. @throws HttpFailure */
export const listRepositoryCollaborators = (
  client: GitHubClient,
  id: number,
  affiliation: 'direct' | 'all',
): Promise<readonly EffectiveAccess[]> =>
  listWhole(
    client,
    '/repositories/{repository_id}/collaborators',
    { repository_id: id, affiliation },
    parseCollaborators,
  );
