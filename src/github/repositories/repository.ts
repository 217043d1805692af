import type { GitHubClient } from '../github-client.ts';
import { notFound, type OrgClient } from '../membership.ts';
import { Unclear } from '../witnesses.ts';
import { type ListedRepository, parseRepositories, parseRepository } from './answers.ts';

/** One repository by its id, which no rename changes. @throws HttpFailure */
export const findRepository = (client: GitHubClient, id: number): Promise<ListedRepository | 'not found'> =>
  client
    .get('/repositories/{repository_id}', { repository_id: id }, (answer) => {
      const repository = parseRepository(answer);
      return repository?.id === id ? repository : undefined;
    })
    .then(({ body }) => body, notFound);

/**
 * Requires that the first page of the private repositories shows one: a public one is no witness.
 * @returns its name. @throws HttpFailure; Unclear
 */
export async function requireListedRepository({ client, org, id }: OrgClient): Promise<string> {
  const { body } = await client.get(
    '/orgs/{org}/repos',
    { org, type: 'private', per_page: 100 },
    parseRepositories,
  );
  const witness = body.find(({ owner, isPrivate }) => owner === id && isPrivate);
  if (witness) return witness.name;
  throw new Unclear(`GitHub shows no private repository of ${org}, so a 404 about one proves nothing`);
}
