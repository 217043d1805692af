import { onHttpFailure } from '../../http/http-failure.ts';
import { MAX_PAGES } from '../../http/sizes.ts';
import { below } from '../identities/answers.ts';
import type { OrgClient } from '../membership.ts';

/** The smallest page that is tried where GitHub gives up. */
const MIN_PAGE_SIZE = 10;

/**
 * Reads the nodes of a list of an organization over GraphQL, to save requests for each of them.
 * @param query with `$org`, `$first` and `$after`. @param largest how many nodes it asks for at first.
 * @returns those that GitHub showed. Any may be missing, so this proves nothing about the others.
 */
export async function readNodes(
  { client, org }: OrgClient,
  query: string,
  list: 'repositories' | 'teams',
  largest: number,
): Promise<readonly unknown[]> {
  const found: unknown[] = [];
  let first = largest;
  let after: string | undefined;
  for (let pages = 0; pages < MAX_PAGES; pages++) {
    const variables = { org, first, ...(after === undefined ? {} : { after }) };
    const answer = await client.query(query, variables).catch(onHttpFailure(() => undefined));
    if (answer === undefined || (answer === 'too much' && first <= MIN_PAGE_SIZE)) return found;
    if (answer === 'too much') {
      first = Math.max(MIN_PAGE_SIZE, Math.floor(first / 2));
      continue;
    }
    const connection = below(answer.data, 'organization', list);
    const nodes = below(connection, 'nodes');
    if (Array.isArray(nodes)) found.push(...nodes);
    const next = below(connection, 'pageInfo', 'endCursor');
    if (below(connection, 'pageInfo', 'hasNextPage') !== true || typeof next !== 'string' || next === after)
      return found;
    after = next;
  }
  return found;
}
