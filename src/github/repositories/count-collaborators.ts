import { onHttpFailure } from '../../http/http-failure.ts';
import { MOST_PAGES } from '../../http/sizes.ts';
import { below } from '../identities/answers.ts';
import type { OrgClient } from '../membership.ts';

/** The largest page that GitHub serves, and the smallest that is tried where it takes too long. */
const LARGEST_PAGE = 100;
const SMALLEST_PAGE = 10;

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
export async function countCollaborators({ client, org }: OrgClient): Promise<ReadonlyMap<number, number>> {
  const counts = new Map<number, number>();
  let first = LARGEST_PAGE;
  let after: string | undefined;
  for (let pages = 0; pages < MOST_PAGES; pages++) {
    const variables = { org, first, ...(after === undefined ? {} : { after }) };
    const answer = await client.query(COUNTS, variables).catch(onHttpFailure(() => undefined));
    if (answer === undefined || (answer === 'too much' && first === SMALLEST_PAGE)) return counts;
    if (answer === 'too much') {
      first = Math.max(SMALLEST_PAGE, Math.floor(first / 2));
      continue;
    }
    const connection = below(answer.data, 'organization', 'repositories');
    const nodes = below(connection, 'nodes');
    for (const node of Array.isArray(nodes) ? nodes : []) {
      const id = below(node, 'databaseId');
      const count = below(node, 'collaborators', 'totalCount');
      if (typeof id === 'number' && typeof count === 'number') counts.set(id, count);
    }
    const next = below(connection, 'pageInfo', 'endCursor');
    if (below(connection, 'pageInfo', 'hasNextPage') !== true || typeof next !== 'string' || next === after)
      return counts;
    after = next;
  }
  return counts;
}
