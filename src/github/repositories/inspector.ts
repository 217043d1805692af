import { type HttpFailure, onHttpFailure } from '../../http/http-failure.ts';
import { SyncError } from '../../model/errors.ts';
import type { RepositoryInspector } from '../../model/repositories/ports.ts';
import { parseOrganization } from '../answers.ts';
import { type CredentialKind, explainFailure } from '../explain-failure.ts';
import type { GitHubClient } from '../github-client.ts';
import { isNotFound, isRefusal } from '../membership.ts';
import { incompleteList, listAll } from '../pages.ts';
import { parseCollaborators, parseCustomRoles } from './answers.ts';
import { listRepositories, sortOut } from './list-repositories.ts';
import { readPermissionSources } from './permission-sources.ts';

/** @param clientOf as `createGitHubClients` returns it. */
export function createRepositoryInspector(
  clientOf: (org: string) => Promise<GitHubClient>,
  credentials: CredentialKind,
): RepositoryInspector {
  const ask = <T>(org: string, question: (client: GitHubClient) => Promise<T>): Promise<T> =>
    clientOf(org)
      .then(question)
      .catch(
        onHttpFailure((failure): never => {
          const { code, message, hint } = explainFailure(failure, org, credentials);
          throw new SyncError(code, message, hint);
        }),
      );
  return {
    listEffectiveAccess: (org, { id }) =>
      ask(org, async (client) => {
        const parameters = { repository_id: id, affiliation: 'all' };
        const route = '/repositories/{repository_id}/collaborators';
        const listed = await listAll(client, route, parameters, parseCollaborators);
        if (listed === undefined) throw incompleteList(`/repositories/${id}/collaborators`);
        return [...new Map(listed.map((one) => [one.id, one])).values()];
      }),
    readAccessSources: (repository, person) =>
      ask(repository.org, (client) => readPermissionSources(client, repository, person)),
    listCustomRoles: (org) =>
      ask(org, (client) =>
        client
          .get('/orgs/{org}/custom-repository-roles', { org }, parseCustomRoles)
          .then(({ body }) => body, onHttpFailure(hiddenRoles)),
      ),
    findRepositories: (org, needs) =>
      ask(org, async (client) => {
        const { body } = await client.get('/orgs/{org}', { org }, parseOrganization);
        return sortOut(await listRepositories(client, body), needs).repositories;
      }),
    readBasePermission: (org) =>
      ask(org, async (client) => (await client.get('/orgs/{org}', { org }, parseOrganization)).body.base),
  };
}

/** Only Enterprise Cloud and Server have custom roles; others answer 404, and a credential without the permission gets 403. */
function hiddenRoles(failure: HttpFailure): undefined {
  if (isRefusal(failure) || isNotFound(failure)) return undefined;
  throw failure;
}
