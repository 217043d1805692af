import { requireOwnTenants } from '../config/choose.ts';
import { narrowOrganizations } from '../config/organization.ts';
import type { Settings } from '../config/settings.ts';
import { SyncError } from '../model/errors.ts';
import { folded, isSameName } from '../model/identity.ts';
import { type IncompleteListing, incompleteOrg } from '../model/member.ts';
import type { GitHubSource, PersonLookup } from '../model/ports.ts';
import { type ClientPorts, gitHubOptions } from './clients.ts';

type InstalledSettings = Pick<Settings, 'orgs' | 'isInstalled' | 'github'> &
  Partial<Pick<Settings, 'permit' | 'hasRules' | 'repositories'>>;

/**
 * With `github.orgs: installed`: the settings with the organizations that the App is installed in, each under its own
 * installation, and pinned by its id. Other settings are returned as they are.
 * @throws SyncError when the installations can't be listed, when there are none, or when the default rules would put
 * several organizations into one tenant.
 */
export async function withInstalledOrgs<S extends InstalledSettings>(
  settings: S,
  ports: ClientPorts,
): Promise<S> {
  const { auth } = settings.github;
  if (!settings.isInstalled || auth.kind !== 'app') return settings;
  const { createAppClient } = await import('../github/github-client.ts');
  const { listInstalledOrgs } = await import('../github/list-installations.ts');
  const client = gitHubOptions(settings.github, auth, ports);
  const installed = await listInstalledOrgs(createAppClient(client), client);
  if (installed.length === 0) {
    throw new SyncError(
      'GITHUB_NOT_FOUND',
      `the GitHub App ${auth.appId} is installed in no organization`,
      'install it in the organizations to sync, or name them in github.orgs',
    );
  }
  const all = installed.map(({ org }) => org);
  const orgs = settings.orgs.length > 0 ? settings.orgs : all;
  if (settings.hasRules === false && settings.permit) requireOwnTenants(orgs, settings.permit.tenant);
  const { repositories } = settings;
  const mirrored = repositories?.orgs.length === 0 ? orgs : (repositories?.orgs ?? []);
  const isUnknown = (org: string): boolean => !all.some((one) => isSameName(one, org));
  const unknown = settings.orgs.filter(isUnknown);
  // A name that is not there may be the former one of an organization: its mirror has to stay.
  const mirroredOrgs = [...narrowOrganizations(mirrored, orgs), ...mirrored.filter(isUnknown)];
  return {
    ...settings,
    orgs,
    ...(repositories && { repositories: { ...repositories, orgs: mirroredOrgs } }),
    configuredOrgs: [...unknown, ...all],
    orgPins: Object.fromEntries(installed.map(({ org, id }) => [folded(org), id])),
    suspendedOrgs: installed.flatMap(({ org, isSuspended }) => (isSuspended ? [org] : [])),
    github: {
      ...settings.github,
      auth: {
        ...auth,
        installations: new Map(installed.map(({ org, installationId }) => [folded(org), installationId])),
      },
    },
  };
}

/** A GitHub source that sends no request where the App's installation is suspended. */
export function withoutSuspended<G extends GitHubSource & PersonLookup>(
  github: G,
  suspended: readonly string[],
): G {
  if (suspended.length === 0) return github;
  const names = new Set(suspended.map(folded));
  return {
    ...github,
    listOrg: async (org, needs) => (names.has(folded(org)) ? suspension(org) : github.listOrg(org, needs)),
    readOrgWithoutMembers: async (org, needs) =>
      names.has(folded(org)) ? suspension(org) : github.readOrgWithoutMembers(org, needs),
    beginLookUp: (people, orgs) =>
      github.beginLookUp(
        people,
        orgs.filter((org) => !names.has(folded(org))),
      ),
  };
}

const suspension = (org: string): IncompleteListing =>
  incompleteOrg(
    org,
    `the installation of the GitHub App in ${org} is suspended, so it can't be read`,
    `an owner of ${org} can unsuspend it: organization settings › GitHub Apps › Configure`,
  );
