import type { GitHubId, OrgId } from '../model/identity.ts';
import type { Look, OrgRole } from '../model/member.ts';
import type { GitHubSource } from '../model/ports.ts';
import { HttpFailure } from '../net/http-failure.ts';
import { parseAccount } from './answers.ts';
import { createGitHubClients, type GitHubClient, type GitHubClientOptions } from './github-client.ts';
import { listOrg, roleOf } from './list-org.ts';

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
    listOrg: (org) => listOrg(clientOf, org, credentials),
    look: async (id, orgs) => {
      try {
        return await look(clientOf, id, orgs);
      } catch (error) {
        // No clear answer keeps the person; a stopped run ends it all.
        if (error instanceof HttpFailure) return undefined;
        throw error;
      }
    },
  };
}

async function look(
  clientOf: (org: string) => Promise<GitHubClient>,
  id: GitHubId,
  orgs: readonly { readonly org: string; readonly id: OrgId }[],
): Promise<Look | undefined> {
  const [first] = orgs;
  if (!first) return undefined;
  const account = await accountOf(await clientOf(first.org), id);
  const roles = new Map<OrgId, OrgRole | undefined>();
  for (const { org, id: orgId } of orgs) {
    if (account === undefined) {
      roles.set(orgId, undefined);
      continue;
    }
    const answer = await roleOf(await clientOf(org), org, account);
    if (answer === 'unclear') return undefined;
    roles.set(orgId, answer.role);
  }
  return { id, login: account?.login, roles };
}

/** @returns undefined when no account has this id any more. */
async function accountOf(
  client: GitHubClient,
  id: GitHubId,
): Promise<{ readonly id: GitHubId; readonly login: string } | undefined> {
  try {
    const { body } = await client.get('/user/{account_id}', { account_id: id }, (answer) => {
      const account = parseAccount(answer);
      return account?.id === id ? account : undefined;
    });
    return body;
  } catch (error) {
    if (error instanceof HttpFailure && error.status === 404) return undefined;
    throw error;
  }
}
