import type { GitHubSource } from '../model/ports.ts';
import { createGitHubClients, type GitHubClient, type GitHubClientOptions } from './github-client.ts';
import { listOrg } from './list-org.ts';
import { createLook } from './look.ts';

/** GitHub over its REST API. Reads only; the one POST is Octokit's own, for a GitHub App's token. */
export function createGitHubSource(
  options: GitHubClientOptions & { readonly inActions: boolean },
): GitHubSource {
  const open = createGitHubClients(options);
  const clients = new Map<string, Promise<GitHubClient>>();
  const clientOf = (org: string): Promise<GitHubClient> => {
    const known = clients.get(org) ?? open(org);
    clients.set(org, known);
    return known;
  };
  const credentials = { kind: options.credentials.kind, inActions: options.inActions };
  return {
    listOrg: (org, needs) => listOrg(clientOf, org, needs, credentials),
    look: createLook(clientOf),
  };
}
