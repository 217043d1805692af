import { below } from '../identities/answers.ts';
import type { OrgClient } from '../membership.ts';
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

/**
 * How many direct collaborators each repository has, by id, which saves asking each for its list. One query for each
 * 100 repositories.
 * @returns what GitHub told. Where GraphQL does not answer, or hides a repository, there is no count.
 */
export async function countCollaborators(place: OrgClient): Promise<ReadonlyMap<number, number>> {
  const counts = new Map<number, number>();
  for (const node of await readNodes(place, COUNTS, 'repositories', 100)) {
    const id = below(node, 'databaseId');
    const count = below(node, 'collaborators', 'totalCount');
    if (typeof id === 'number' && typeof count === 'number') counts.set(id, count);
  }
  return counts;
}
