import { type GitHubId, parseGitHubId } from '../../model/identity.ts';
import { parseEach } from '../../model/text/record.ts';
import { below } from '../identities/answers.ts';
import type { OrgClient } from '../membership.ts';
import { readNodes } from './read-nodes.ts';

const MAINTAINERS = `
query TeamMaintainers($org: String!, $first: Int!, $after: String) {
  organization(login: $org) {
    teams(first: $first, after: $after) {
      nodes {
        databaseId
        members(role: MAINTAINER, membership: IMMEDIATE, first: 50) {
          nodes { databaseId }
          pageInfo { hasNextPage }
        }
      }
      pageInfo { hasNextPage endCursor }
    }
  }
}`;

/**
 * Finds who maintains each team, by the team's id, for an organization whose lists of team members do not show roles.
 * One query for each 25 teams saves one request for each team. Owners are maintainers of every team that they are in,
 * even if they are not among these.
 * @returns the teams whose maintainers GitHub showed completely.
 */
export async function findMaintainers(place: OrgClient): Promise<ReadonlyMap<number, ReadonlySet<GitHubId>>> {
  const found = new Map<number, ReadonlySet<GitHubId>>();
  for (const team of await readNodes(place, MAINTAINERS, 'teams', 25)) {
    const id = below(team, 'databaseId');
    const ids = parseEach(below(team, 'members', 'nodes'), (node) =>
      parseGitHubId(below(node, 'databaseId')),
    );
    const isWhole = below(team, 'members', 'pageInfo', 'hasNextPage') === false;
    if (typeof id === 'number' && ids !== undefined && isWhole) found.set(id, new Set(ids));
  }
  return found;
}
