import { HttpFailure } from '../http/http-failure.ts';
import { SyncError } from '../model/errors.ts';
import type { GitHubAcquaintance, GitHubSource, TeamIdentifier } from '../model/ports.ts';
import { findTeams } from './find-teams.ts';
import { createGitHubClients, type GitHubClientOptions } from './github-client.ts';
import { findAccount, introduceOrg } from './introduce-org.ts';
import { listOrg } from './list-org.ts';
import { createLookUp } from './look-up.ts';
import { once } from './once.ts';

/** GitHub over its REST API. Reads only; the one POST is Octokit's own, for a GitHub App's token. */
export function createGitHubSource(
  options: GitHubClientOptions & { readonly inActions: boolean },
): GitHubSource & GitHubAcquaintance & TeamIdentifier {
  const clientOf = once(createGitHubClients(options));
  const credentials = { kind: options.credentials.kind, inActions: options.inActions };
  return {
    listOrg: (org, needs) => listOrg(clientOf, org, needs, credentials),
    lookUp: createLookUp(clientOf, credentials),
    identifyTeams: async (org, slugs) => {
      try {
        return await findTeams(await clientOf(org), org, slugs);
      } catch (error) {
        // A team without an id is frozen, like a team that can't be read.
        if (error instanceof HttpFailure) return new Map();
        throw error;
      }
    },
    introduceOrg: (org, needs) => introduceOrg(clientOf, org, needs, credentials),
    findAccount: async (login, org) => {
      try {
        return await findAccount(await clientOf(org), login);
      } catch (error) {
        if (!(error instanceof HttpFailure)) throw error;
        throw new SyncError(
          'GITHUB_UNAVAILABLE',
          `GitHub does not tell who ${login} is (${error.status ?? 'no answer'}: ${error.reply})`,
          'run it again later: nothing is lost',
        );
      }
    },
  };
}
