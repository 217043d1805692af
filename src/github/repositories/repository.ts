import type { GitHubClient } from '../github-client.ts';
import { notFound, type OrgClient, readOrganization } from '../membership.ts';
import { Unclear } from '../witnesses.ts';
import { type ListedRepository, parseRepositories, parseRepository } from './answers.ts';

/** One repository by its id, which no rename changes. @throws HttpFailure */
export const findRepositoryById = (
  client: GitHubClient,
  id: number,
): Promise<ListedRepository | 'not found'> =>
  client
    .get('/repositories/{repository_id}', { repository_id: id }, (answer) => {
      const repository = parseRepository(answer);
      return repository?.id === id ? repository : undefined;
    })
    .then(({ body }) => body, notFound);

/**
 * Requires that the first page of the private repositories shows one: a public one is not a witness, except where there
 * are no others. @returns its name. @throws HttpFailure; Unclear
 */
export async function requireListedRepository(place: OrgClient): Promise<string> {
  const { client, org, id } = place;
  const list = async (type: 'private' | 'public') =>
    (await client.get('/orgs/{org}/repos', { org, type, per_page: 100 }, parseRepositories)).body;
  const witness = (await list('private')).find(({ owner, isPrivate }) => owner === id && isPrivate);
  if (witness) return witness.name;
  return requireNoPrivate(place, (await list('public')).find(({ owner }) => owner === id)?.name);
}

/**
 * Requires that the organization has no private repository by GitHub's own count, which it shows to owners, whatever
 * else they may see. @param seen a public one; not needed where there are none either.
 * @throws HttpFailure; Unclear
 */
export async function requireNoPrivate(
  { client, org, id }: OrgClient,
  seen: string | undefined,
): Promise<string> {
  const now = await readOrganization(client, org);
  const isEmpty = now.publicRepositories === 0;
  if (now.id === id && now.privateRepositories === 0 && (seen !== undefined || isEmpty)) return seen ?? org;
  throw new Unclear(`GitHub shows no private repository of ${org}, so a 404 about one proves nothing`);
}
