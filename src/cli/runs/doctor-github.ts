import type { Environment, GitHubAuth } from '../../config/settings.ts';
import type { Probe } from '../../doctor/examine.ts';
import { examineGitHub } from '../../doctor/github.ts';
import { judgeIdentities } from '../../doctor/identities.ts';
import { judgeOrgRoles, judgeTeams } from '../../doctor/teams.ts';
import { isReceiver, judgeAppHook, judgeHooks } from '../../doctor/webhook.ts';
import { visibilityHint } from '../../github/explain-failure.ts';
import { createAppClient, createGitHubClients, type GitHubClient } from '../../github/github-client.ts';
import { createGitHubSource } from '../../github/github-source.ts';
import { createGitHubSetupReader } from '../../github/inspect-org.ts';
import { findTeamIds } from '../../github/needs/find-teams.ts';
import { readOrgRoles } from '../../github/needs/list-org-roles.ts';
import { HttpFailure } from '../../http/http-failure.ts';
import type { RetryPolicy } from '../../http/retry.ts';
import { SyncError } from '../../model/errors.ts';
import type { Member, OrgNeeds } from '../../model/member.ts';
import { once } from '../../model/once.ts';
import type { RepositoryInspector } from '../../model/repositories/ports.ts';
import { type QueuedEvent, requiredEvents } from '../../model/webhooks/queue.ts';
import { userKeys } from '../../plan/keys/due-key.ts';
import { identityNeedsOf, orgNeedsOf } from '../../plan/needs.ts';
import { type ClientPorts, gitHubOptions } from '../../run/clients.ts';
import { openRepositoryInspector } from '../../run/repository-inspector.ts';
import { observeIdentities } from '../../sync/identities/observe-identities.ts';
import type { RequestCounter } from '../request-counter.ts';
import type { KnownSettings } from './doctor-settings.ts';

/** What all probes need to ask. */
export type ProbePorts = ClientPorts & {
  readonly env: Environment;
  readonly observer: RequestCounter;
};

/** Someone is waiting for the result, so few retries. */
export const DOCTOR_RETRY: RetryPolicy = { retries: 2, firstWaitMs: 300, longestWaitMs: 2_000 };

type GitHubAccess = {
  readonly settings: NonNullable<KnownSettings['settings']>;
  readonly rules: NonNullable<KnownSettings['rules']>;
  readonly credentials: GitHubAuth;
  readonly ports: ProbePorts;
};

/** Undefined if GitHub can't be asked; a finding about the settings says why. */
export const gitHubAccess = (
  { settings, rules = [], gitHub: credentials }: KnownSettings,
  ports: ProbePorts,
): GitHubAccess | undefined => settings && credentials && { settings, rules, credentials, ports };

const clientOptions = ({ settings, credentials, ports }: GitHubAccess) => ({
  ...gitHubOptions(settings.github, credentials, ports),
  retry: DOCTOR_RETRY,
});

/**
 * Everything that `doctor` asks GitHub.
 * @param path where the receiver listens. @param members undefined if they could not be listed.
 */
export function gitHubProbes(
  access: GitHubAccess,
  path: string,
  members: () => Promise<readonly Member[] | undefined>,
): readonly Probe[] {
  const { settings, rules, credentials, ports } = access;
  const client = clientOptions(access);
  const clients = createGitHubClients(client);
  const isApp = credentials.kind === 'app';
  const setup = createGitHubSetupReader(clients, client, isApp ? createAppClient(client) : undefined);
  return [
    {
      id: 'github.credential',
      subject: 'GitHub',
      look: () =>
        examineGitHub({
          credential: isApp ? `the GitHub App ${credentials.appId}` : `the token in ${credentials.variable}`,
          perOrg: isApp,
          orgs: settings.orgs,
          quota: setup.quota,
          inspect: setup.organization,
          visibilityHint: (org) => visibilityHint(org, client),
          tokenExpiry: () => {
            const expiresMs = ports.observer.tokenExpiresMs();
            return isApp || expiresMs === undefined
              ? undefined
              : { variable: credentials.variable, expiresMs };
          },
          now: Date.now,
        }),
    },
    ...settings.orgs.flatMap((org) => needsProbes(org, orgNeedsOf(rules, org), clients)),
    ...webhookProbes(access, path, setup),
    ...identityProbes(access, members),
  ];
}

function webhookProbes(
  { settings: { orgs, repositories }, rules, credentials, ports }: GitHubAccess,
  path: string,
  { appHook, hooks }: Pick<ReturnType<typeof createGitHubSetupReader>, 'appHook' | 'hooks'>,
): readonly Probe[] {
  const isExpected = isReceiver(receiverOf(ports.env));
  const needs = orgs.map((org) => orgNeedsOf(rules, org, repositories));
  const judgedApp = once(async (_: 'app') => {
    const hook = await unlessRefused(appHook);
    return hook === undefined
      ? { leads: false, findings: [] }
      : judgeAppHook(path, requiredByAny(needs), hook);
  });
  const ofApp: Probe = {
    id: 'webhook.app',
    subject: 'GitHub, asked about the webhook of the GitHub App,',
    look: async () => (await judgedApp('app')).findings,
  };
  const ofOrgs = orgs.map(
    (org): Probe => ({
      id: `webhook.hook:${org}`,
      subject: `GitHub, asked about the webhooks of ${org},`,
      look: async () => {
        const found = await unlessRefused(() => hooks(org));
        if (found === undefined) return [];
        const expected = isExpected && !(await judgedApp('app')).leads;
        const events = requiredEvents(orgNeedsOf(rules, org, repositories));
        return judgeHooks({ org, path, events, expected }, found);
      },
    }),
  );
  return credentials.kind === 'app' ? [ofApp, ...ofOrgs] : ofOrgs;
}

/** An App has one webhook for all organizations. */
const requiredByAny = (needs: readonly OrgNeeds[]): readonly QueuedEvent[] =>
  requiredEvents({
    collaborators: needs.some(({ collaborators }) => collaborators),
    repositories: needs.find(({ repositories }) => repositories)?.repositories,
  });

export const receiverOf = (env: Environment) => ({ secret: env.GITHUB_WEBHOOK_SECRET, redis: env.REDIS_URL });

/** @returns undefined if the credentials are refused; the probe of the credential reports that. */
async function unlessRefused<T>(ask: () => Promise<T>): Promise<T | undefined> {
  try {
    return await ask();
  } catch (error) {
    if (error instanceof SyncError && error.code === 'GITHUB_AUTH') return undefined;
    throw error;
  }
}

/** Looks for the teams and organization roles that the rules name in an organization. */
function needsProbes(
  org: string,
  { teams, orgRoles }: OrgNeeds,
  clientOf: (org: string) => Promise<GitHubClient>,
): readonly Probe[] {
  const named = teams.filter((ref) => !ref.includes('*'));
  const ofTeams: Probe = {
    id: `github.teams:${org}`,
    subject: `GitHub, asked about the teams of ${org},`,
    look: async () => {
      try {
        return judgeTeams(org, named, await findTeamIds(await clientOf(org), org, named));
      } catch (error) {
        // The probe of the organization says why GitHub does not answer.
        if (error instanceof HttpFailure) return [];
        throw error;
      }
    },
  };
  const ofOrgRoles: Probe = {
    id: `github.org-roles:${org}`,
    subject: `GitHub, asked about the organization roles of ${org},`,
    look: async () => {
      try {
        const roles = await readOrgRoles(await clientOf(org), org);
        const names = roles.map(({ name }) => name);
        return judgeOrgRoles(org, orgRoles, names);
      } catch (error) {
        if (error instanceof HttpFailure) return judgeOrgRoles(org, orgRoles, undefined, error.answer);
        throw error;
      }
    },
  };
  return [...(named.length > 0 ? [ofTeams] : []), ...(orgRoles.length > 0 ? [ofOrgRoles] : [])];
}

/** The members of all organizations. Undefined if one can't be listed; its own probes say why. */
export async function listMembers(access: GitHubAccess): Promise<readonly Member[] | undefined> {
  const { orgs } = access.settings;
  if (orgs.length === 0) return undefined;
  const source = createGitHubSource(clientOptions(access));
  try {
    const needs = { teams: [], collaborators: false, orgRoles: [] };
    const listings = await Promise.all(orgs.map((org) => source.listOrg(org, needs)));
    const complete = listings.filter((listing) => listing.kind === 'complete');
    return complete.length < listings.length ? undefined : complete.flatMap((listing) => listing.members);
  } catch (error) {
    if (error instanceof SyncError) return undefined;
    throw error;
  }
}

/** Asks what a run needs to know about repositories. Custom roles are read once, for two findings. */
export function repositoryInspectorOf(access: GitHubAccess): RepositoryInspector {
  const inspector = openRepositoryInspector(clientOptions(access));
  return { ...inspector, listCustomRoles: once(inspector.listCustomRoles) };
}

/** Reads identities as a run does, if user keys or profiles need them. */
function identityProbes(
  access: GitHubAccess,
  members: () => Promise<readonly Member[] | undefined>,
): readonly Probe[] {
  const { owner, users, orgs, github } = access.settings;
  const { enterprise } = github;
  if (identityNeedsOf(users, enterprise) === undefined) return [];
  const look = async () => {
    const source = createGitHubSource(clientOptions(access));
    const observer = observeIdentities({ owner, userSettings: users, enterprise }, source);
    const [identities, listed] = await Promise.all([observer.ofEveryone(orgs), members()]);
    if (listed === undefined || identities === undefined) return [];
    const people = [...new Map(listed.map((person) => [person.id, person])).values()];
    const keys = userKeys({ userSettings: users, identities }, () => people);
    const sources = new Map<string, number>();
    for (const { source: name } of identities.identities) sources.set(name, (sources.get(name) ?? 0) + 1);
    return judgeIdentities({
      sources,
      flaw: identities.flaw,
      members: people.map((person) => {
        const due = keys.dueTo(person);
        return { login: person.login, why: due.kind === 'unknown' ? due.why : undefined };
      }),
    });
  };
  return [{ id: 'github.identities', subject: 'GitHub, asked about identities,', look }];
}
