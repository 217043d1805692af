import { onHttpFailure } from '../../http/http-failure.ts';
import type { Unread } from '../../model/member.ts';
import { printable } from '../../model/text/text.ts';
import { parseNestedTeams, parseTeam, type TeamName } from '../answers.ts';
import { mirroredTeam, notFound, type OrgClient, teamRoute } from '../membership.ts';
import { listWhole } from '../pages.ts';

type TeamsBelow = {
  /** Those that were found, with all teams below them. */
  readonly whole: readonly TeamName[];
  /** Teams whose child teams GitHub does not show. */
  readonly unread: readonly TeamName[];
};

/**
 * Finds teams by their ids, and all teams below them, which inherit their roles on repositories. A team that is not
 * found is left out, which proves nothing yet.
 * Requests: the pages of the list of teams, and one for each team that it does not show.
 * @param unread what could not be read is added to it.
 */
export async function findTeamsWithDescendants(
  place: OrgClient,
  ids: ReadonlySet<number>,
  unread: Unread[],
): Promise<TeamsBelow> {
  if (ids.size === 0) return { whole: [], unread: [] };
  const listed = await listWhole(
    place.client,
    '/orgs/{org}/teams',
    { org: place.org },
    parseNestedTeams,
  ).then(
    (teams) => ({ teams: new Map(teams.map((team) => [team.id, team])), why: 'the list does not show it' }),
    onHttpFailure(({ answer }) => ({ teams: new Map<number, never>(), why: answer })),
  );
  const isBelow = (id: number): boolean => {
    // A team that moves while the pages are read could appear to be below itself.
    const passed = new Set<number>();
    let above: number | undefined = id;
    while (above !== undefined && !passed.has(above)) {
      if (ids.has(above)) return true;
      passed.add(above);
      above = listed.teams.get(above)?.parent;
    }
    return false;
  };
  const unlisted = await Promise.all(
    [...ids].filter((id) => !listed.teams.has(id)).map((id) => findTeam(place, id)),
  );
  const alone = unlisted.filter((one) => one !== 'not found');
  for (const { id, slug } of alone) {
    unread.push({
      what: { kind: 'team-repositories', id },
      message: `the teams below the team ${printable(slug)} of ${place.org} could not be read (${listed.why})`,
    });
  }
  return { whole: [...listed.teams.values()].filter(({ id }) => isBelow(id)), unread: alone };
}

const findTeam = (place: OrgClient, id: number): Promise<TeamName | 'not found'> => {
  const { route, parameters } = teamRoute(place, mirroredTeam({ id }));
  return place.client.get(route, parameters, parseTeam).then(({ body }) => body, notFound);
};
