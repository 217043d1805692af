import { onHttpFailure } from '../http/http-failure.ts';
import { SyncError } from '../model/errors.ts';
import { once } from '../model/once.ts';
import type {
  AuditLogReader,
  GitHubSource,
  OwnerLister,
  PersonLookup,
  TeamIdentifier,
} from '../model/ports.ts';
import { parseAccounts } from './answers.ts';
import { createGitHubClients, type GitHubClientOptions } from './github-client.ts';
import { createIdentityReader } from './identities/read-identities.ts';
import { listOrg } from './list-org.ts';
import { openLookUps } from './look-up.ts';
import { readRoleChanges } from './needs/audit-log.ts';
import { findTeamIds } from './needs/find-teams.ts';
import { listAll } from './pages.ts';
import { findAccount, readOrgWithoutMembers } from './read-org-without-members.ts';
import { openLinkConfirmation } from './repositories/confirm-links.ts';
import type { ConfiguredOrg } from './repositories/elsewhere.ts';

/** GitHub over its REST API. Reads only; the one POST is Octokit's own, for a GitHub App's token. */
export function createGitHubSource(
  options: GitHubClientOptions & {
    readonly inActions: boolean;
    /** All that the config names, whether this run reads them or not. */
    readonly configuredOrgs?: readonly ConfiguredOrg[];
  },
): GitHubSource & PersonLookup & TeamIdentifier & OwnerLister & AuditLogReader {
  const clientOf = once(createGitHubClients(options));
  const { configuredOrgs: configured = [] } = options;
  const credentials = { kind: options.credentials.kind, inActions: options.inActions };
  return {
    listOrg: (org, needs) => listOrg(clientOf, org, needs, credentials),
    ...openLookUps(clientOf, credentials, configured),
    confirmLinkLosses: openLinkConfirmation(clientOf, credentials, configured),
    readIdentities: createIdentityReader(clientOf, credentials),
    // A team without an id is frozen, like a team that can't be read.
    identifyTeams: (org, slugs) =>
      clientOf(org)
        .then((client) => findTeamIds(client, org, slugs))
        .catch(onHttpFailure(() => new Map())),
    // Every organization has an owner, so an empty list is a partial view.
    listOwners: async (org) => {
      const list = async () =>
        listAll(await clientOf(org), '/orgs/{org}/members', { org, role: 'admin' }, parseAccounts);
      const owners = await list().catch(onHttpFailure(() => undefined));
      return owners?.length ? new Map(owners.map(({ id, login }) => [id, login])) : undefined;
    },
    readRoleChanges: (org, sinceMs) => clientOf(org).then((client) => readRoleChanges(client, org, sinceMs)),
    readOrgWithoutMembers: (org, needs) => readOrgWithoutMembers(clientOf, org, needs, credentials),
    findAccount: (login, org) =>
      clientOf(org)
        .then((client) => findAccount(client, login))
        .catch(
          onHttpFailure(({ status, reply }) => {
            throw new SyncError(
              'GITHUB_UNAVAILABLE',
              `GitHub does not say who ${login} is (${status ?? 'no answer'}: ${reply})`,
              'run again later; nothing is lost',
            );
          }),
        ),
  };
}
