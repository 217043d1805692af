import { onHttpFailure } from '../../http/http-failure.ts';
import type { Unread } from '../../model/member.ts';
import type {
  RepositoryFacts,
  RepositoryNeeds,
  RepositoryScope,
  RepositoryTeam,
} from '../../model/repositories/facts.ts';
import type { Organization } from '../answers.ts';
import type { OrgClient } from '../membership.ts';
import { findTeamsWithDescendants } from './find-teams.ts';
import { selectMirrored, unreadRepositories, WHY_NO_BASE } from './list-repositories.ts';
import { type Access, readCollaborators, readTeam } from './read-access.ts';
import { findRepositoryById } from './repository.ts';

/**
 * Reads some repositories and teams, each by its id, with who has access to them. The teams below these teams belong to
 * what is read. What is not found is left out, which proves nothing yet.
 * Requests: one for each repository, the pages of the list of teams where there is any, and those of each team's
 * repositories and of each list of direct collaborators.
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
      Promise.all([...only.repositories].map((id) => findRepositoryById(client, id))),
      findTeamsWithDescendants(place, only.teams, unread),
    ]);
    const here = found.filter((one) => one !== 'not found').filter(({ owner }) => owner === orgId);
    const { repositories, leftOut } = selectMirrored(here, needs);
    const isKnown = (): boolean => true;
    const [access, collaborators] = await Promise.all([
      Promise.all(teams.whole.map((team) => readTeam(place, team, isKnown, unread))),
      readCollaborators(place, repositories, undefined, unread),
    ]);
    const read: readonly RepositoryTeam[] = [
      ...access,
      ...teams.unread.map(({ id, slug }) => ({ id, slug, access: 'unread' as const })),
    ];
    const teamsRead = new Set([...only.teams, ...read.map(({ id }) => id)]);
    return {
      ...{ only: { ...only, teams: teamsRead }, base, repositories, leftOut, collaborators },
      teams: new Map(read.map((team) => [team.id, team])),
    };
  };
  return read().then(
    (repositories) => ({ repositories, unread }),
    onHttpFailure(({ answer }) => ({ unread: [unreadRepositories(org, answer)] })),
  );
}
