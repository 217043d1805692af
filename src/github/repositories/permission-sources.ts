import { onHttpFailure } from '../../http/http-failure.ts';
import type { Account } from '../../model/member.ts';
import { type AccessSource, SOURCE_KINDS } from '../../model/repositories/verification.ts';
import { parseEach } from '../../model/text/record.ts';
import type { GitHubClient } from '../github-client.ts';
import { below } from '../identities/answers.ts';

type NamedRepository = { readonly id: number; readonly org: string; readonly name: string };

/** GitHub's schema calls it "a list of sources for the user's access to the repository". */
const sourcesQuery = (fields: string): string => `
query PermissionSources($org: String!, $name: String!, $login: String!) {
  repository(owner: $org, name: $name) {
    databaseId
    collaborators(affiliation: ALL, login: $login, first: 1) {
      edges { node { databaseId } permissionSources { ${fields} } }
    }
  }
}`;

const KIND = 'source { __typename }';
const NAMED =
  'permission roleName source { __typename ... on Organization { login } ... on Repository { name } ... on Team { slug } }';

/**
 * The sources of one person's access to a repository, in GitHub's own words. One query.
 * @returns undefined if GitHub does not show all of them.
 */
export async function readPermissionSources(
  client: GitHubClient,
  repository: NamedRepository,
  person: Account,
): Promise<readonly AccessSource[] | undefined> {
  return parseEach(await query(client, repository, person, NAMED), parseSource);
}

/** Only the kinds of the sources, which is enough for a proof. One query. */
export async function readSourceKinds(
  client: GitHubClient,
  repository: NamedRepository,
  person: Account,
): Promise<readonly AccessSource['kind'][] | undefined> {
  return parseEach(await query(client, repository, person, KIND), parseKind);
}

/** @returns undefined if GitHub does not answer, or answers about another person or repository. */
async function query(
  client: GitHubClient,
  { id, org, name }: NamedRepository,
  person: Account,
  fields: string,
): Promise<unknown> {
  const answer = await client
    .query(sourcesQuery(fields), { org, name, login: person.login })
    .catch(onHttpFailure(() => undefined));
  if (answer === undefined || answer === 'too much' || answer.errors.length > 0) return undefined;
  const repository = below(answer.data, 'repository');
  const edges = below(repository, 'collaborators', 'edges');
  const [edge, ...others] = Array.isArray(edges) ? edges : [];
  const isAsked = below(repository, 'databaseId') === id && below(edge, 'node', 'databaseId') === person.id;
  return isAsked && others.length === 0 ? below(edge, 'permissionSources') : undefined;
}

const parseKind = (value: unknown): AccessSource['kind'] | undefined =>
  SOURCE_KINDS.find((one) => one === below(value, 'source', '__typename'));

/** `permission` is the base level alone; `roleName` is more exact, and may be null. */
function parseSource(value: unknown): AccessSource | undefined {
  const kind = parseKind(value);
  const role = below(value, 'roleName') ?? below(value, 'permission');
  const name = NAMES.map((field) => below(value, 'source', field)).find((one) => typeof one === 'string');
  if (kind === undefined || typeof role !== 'string' || typeof name !== 'string') return undefined;
  return { kind, name, role: role.toLowerCase() };
}

const NAMES = ['login', 'name', 'slug'] as const;
