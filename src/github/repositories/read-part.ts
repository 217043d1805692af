import { onHttpFailure } from '../../http/http-failure.ts';
import type { Unread } from '../../model/member.ts';
import type { RepositoryFacts, RepositoryNeeds, RepositoryScope } from '../../model/repositories/facts.ts';
import { type Organization, parseTeam } from '../answers.ts';
import { notFound, type OrgClient, teamRoute } from '../membership.ts';
import { findRepository } from './confirm-links.ts';
import { sortOut, unreadRepositories, WHY_NO_BASE } from './list-repositories.ts';
import { type Access, readCollaborators, readTeam } from './read-access.ts';

/**
 * Reads some repositories and teams, each by its id, with who has access to them. What is not found is left out, which
 * proves nothing yet. Requests: one for each repository and team, and the pages of their lists.
 */
export async function readPart(
  place: OrgClient,
  organization: Organization,
  needs: RepositoryNeeds,
  only: RepositoryScope,
): Promise<Partial<Access> & Pick<Access, 'unread'>> {
  const { client, org, id: orgId } = place;
  const { base } = organization;
  if (base === undefined) return { unread: [unreadRepositories(org, WHY_NO_BASE)] };
  const unread: Unread[] = [];
  const read = async (): Promise<RepositoryFacts> => {
    const [found, teams] = await Promise.all([
      Promise.all([...only.repositories].map((id) => findRepository(client, id))),
      Promise.all([...only.teams].map((id) => findTeam(place, id))),
    ]);
    const here = found.filter((one) => one !== 'not found').filter(({ owner }) => owner === orgId);
    const { repositories, leftOut } = sortOut(here, needs);
    const isKnown = (): boolean => true;
    const [access, collaborators] = await Promise.all([
      Promise.all(
        teams.flatMap((team) => (team === 'not found' ? [] : [readTeam(place, team, isKnown, unread)])),
      ),
      readCollaborators(place, repositories, undefined, unread),
    ]);
    return {
      ...{ only, base, repositories, leftOut, collaborators },
      teams: new Map(access.map((team) => [team.id, team])),
    };
  };
  return read().then(
    (repositories) => ({ repositories, unread }),
    onHttpFailure(({ answer }) => ({ unread: [unreadRepositories(org, answer)] })),
  );
}

function findTeam(place: OrgClient, id: number) {
  const { route, parameters } = teamRoute(place, `#${id}`);
  return place.client.get(route, parameters, parseTeam).then(({ body }) => body, notFound);
}
