import { type HttpFailure, onHttpFailure } from '../../http/http-failure.ts';
import { type ErrorCode, SyncError } from '../../model/errors.ts';
import type { RepositoryInspector } from '../../model/repositories/ports.ts';
import { type CredentialKind, explainFailure } from '../explain-failure.ts';
import type { ClientOf, GitHubClient } from '../github-client.ts';
import { isNotFound, isRefusal, readOrganization } from '../membership.ts';
import { parseCustomRoles } from './answers.ts';
import { listRepositories, selectMirrored } from './list-repositories.ts';
import { readPermissionSources } from './permission-sources.ts';
import { listRepositoryCollaborators } from './read-access.ts';

/** @param clientOf as `createGitHubClients` returns it. */
export function createRepositoryInspector(
  clientOf: ClientOf,
  credentials: CredentialKind,
): RepositoryInspector {
  /** @param refused the code where GitHub refuses this one answer only. */
  const ask = <T>(
    org: string,
    question: (client: GitHubClient) => Promise<T>,
    refused?: ErrorCode,
  ): Promise<T> =>
    clientOf(org)
      .then(question)
      .catch(
        onHttpFailure((failure): never => {
          const { code, message, hint } = explainFailure(failure, org, credentials);
          throw new SyncError((isRefusal(failure) && refused) || code, message, hint);
        }),
      );
  return {
    listEffectiveAccess: (org, { id }) =>
      ask(
        org,
        async (client) => {
          const listed = await listRepositoryCollaborators(client, id, 'all');
          return [...new Map(listed.map((one) => [one.id, one])).values()];
        },
        'GITHUB_INCOMPLETE',
      ),
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
        const organization = await readOrganization(client, org);
        return selectMirrored(await listRepositories(client, organization), needs).repositories;
      }),
    readBasePermission: (org) => ask(org, async (client) => (await readOrganization(client, org)).base),
  };
}

/** Only Enterprise Cloud and Server have custom roles; others answer 404, and a credential without the permission gets 403. */
function hiddenRoles(failure: HttpFailure): undefined {
  if (isRefusal(failure) || isNotFound(failure)) return undefined;
  throw failure;
}
