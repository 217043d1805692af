import { createHash } from 'node:crypto';
import { findRoute, routesFor } from '../routes.ts';
import { type Answer, type EmulatedRequest, type Emulator, Refused, startServer } from '../server.ts';
import { notFound, ok, refusal } from './answers.ts';
import { appRoutes } from './apps.ts';
import { auditLogRoutes } from './audit-log.ts';
import { type Ask, type Caller, type GitHubSwitches, identify } from './caller.ts';
import { changeMemberRoutes } from './change-members.ts';
import { deliveryRoutes } from './deliveries.ts';
import { hookRoutes } from './hooks.ts';
import { identityRoutes } from './identities.ts';
import { memberRoutes } from './members.ts';
import { orgRoleRoutes } from './org-roles.ts';
import { rateLimits } from './rate-limits.ts';
import { repositoryRoutes } from './repositories/routes.ts';
import { teamRoutes } from './teams.ts';
import type { GitHubWorld } from './world.ts';

export { addApp, installApp } from './apps.ts';
export type { GitHubSwitches } from './caller.ts';
export {
  type DeliverOptions,
  deliver,
  deliveriesOf,
  deliveriesSettled,
  type GitHubDelivery,
} from './delivery-attempts.ts';
export * from './hooks.ts';
export { linkIdentity } from './identities.ts';
export { addOrgRole } from './org-roles.ts';
export type { GitHubEnterprise, GitHubIdentity } from './people-world.ts';
export * from './repositories/change-repositories.ts';
export { effectiveAccess } from './repositories/effective-access.ts';
export * from './world.ts';

/** `world` and `switches` may be changed at any time. */
export type GitHubEmulator = Emulator & { readonly world: GitHubWorld; readonly switches: GitHubSwitches };

/**
 * GitHub's REST API on loopback, as far as members, memberships, teams, repositories, collaborators, webhooks and Apps go
 * (docs.github.com/rest). Strict where GitHub is; what GitHub leaves open is a switch.
 * @param port 0 takes any that is free
 */
export async function startGitHubEmulator(
  world: GitHubWorld,
  options: Partial<GitHubSwitches> = {},
  port = 0,
): Promise<GitHubEmulator> {
  const switches: GitHubSwitches = {
    limitStatus: 403,
    concurrentLimit: 100,
    retryAfterSeconds: 60,
    linkPaths: 'numeric',
    linkHeader: 'sent',
    renamedOrgs: 'notFound',
    invitations: 'pending',
    indirectMembers: 'listed',
    enterpriseTeamById: 'answer',
    teamMemberRoles: false,
    organizationRoles: 'answer',
    orgDetails: 'shown',
    directRoles: 'effective',
    teamRoleNames: 'shown',
    repositoryCounts: 'answer',
    apiVersions: ['2022-11-28', '2026-03-10'],
    verifiedEmailsForApps: 'visible',
    enterpriseForApps: 'hidden',
    withoutPermission: 'forbidden',
    tokenLifeMs: 3_600_000,
    now: Date.now,
    ...options,
  };
  const limits = rateLimits(switches);
  const on = routesFor<Ask>();
  const find = findRoute<Ask>([
    on('GET', '/', ({ request: { origin } }) =>
      ok({ current_user_url: `${origin}/user`, organization_url: `${origin}/orgs/{org}` }),
    ),
    on('GET', '/meta', () => ok({ verifiable_password_authentication: true })),
    on('GET', '/rate_limit', ({ caller }) => {
      const core = { ...limits.core(caller), resource: 'core' };
      // Search has a limit of its own, which nothing here uses.
      const search = { limit: 30, used: 0, remaining: 30, reset: core.reset, resource: 'search' };
      return ok({ resources: { core, search }, rate: core });
    }),
    ...memberRoutes,
    ...identityRoutes,
    ...changeMemberRoutes,
    ...teamRoutes,
    ...orgRoleRoutes,
    ...repositoryRoutes,
    ...auditLogRoutes,
    ...appRoutes,
    ...hookRoutes,
    ...deliveryRoutes,
  ]);

  function operate(request: EmulatedRequest, caller: Caller): Answer {
    const found = find(request.method, request.path);
    // GitHub does not tell a method it does not know from a path it does not know.
    if (found.kind !== 'found') throw notFound();
    return found.route.work({ request, caller, world, switches, now: switches.now() }, found.params);
  }

  function work(request: EmulatedRequest): Answer {
    let caller: Caller = { kind: 'anonymous' };
    let answer: Answer;
    try {
      if (request.headers['user-agent'] === undefined) {
        throw refusal(
          403,
          'Request forbidden by administrative rules. Please make sure your request has a User-Agent header.',
        );
      }
      mustSpeakVersion(request, switches.apiVersions);
      caller = identify(world, request, switches.now());
      if (request.path !== '/rate_limit') limits.check(caller);
      answer = withTag(request, operate(request, caller));
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
      answer = error.answer;
    }
    if (answer.status !== 304 && request.path !== '/rate_limit') limits.count(caller);
    return dress(answer, caller, request);
  }

  function dress(answer: Answer, caller: Caller, request: EmulatedRequest): Answer {
    const scopes = caller.kind === 'person' ? { 'x-oauth-scopes': caller.pat.scopes.join(', ') } : {};
    const expiry =
      caller.kind === 'person' && switches.tokenExpiry !== undefined
        ? { 'github-authentication-token-expiration': switches.tokenExpiry }
        : {};
    const headers = {
      'x-github-media-type': 'github.v3; format=json',
      'x-github-api-version-selected': versionOf(request) ?? switches.apiVersions[0] ?? '',
      ...limits.headers(caller),
      ...scopes,
      ...expiry,
    };
    return { ...answer, headers: { ...headers, ...answer.headers } };
  }

  const emulator = await startServer(
    {
      admit: ({ method }, inFlight) => limits.secondary(method, inFlight)?.answer,
      work,
    },
    port,
  );
  return Object.assign(emulator, { world, switches });
}

const versionOf = ({ headers }: EmulatedRequest): string | undefined =>
  [headers['x-github-api-version']].flat().at(0);

const FIRST_VERSION = '2022-11-28';

/**
 * docs.github.com/rest/about-the-rest-api/api-versions: a request without a version gets the oldest one; 410 for one
 * that is no longer supported, 400 for one that never was.
 */
function mustSpeakVersion(request: EmulatedRequest, supported: readonly string[]): void {
  const version = versionOf(request);
  if (version === undefined || supported.includes(version)) return;
  const isRetired = version >= FIRST_VERSION && version < (supported[0] ?? '');
  throw refusal(isRetired ? 410 : 400, `Requested API version is not supported: ${version}.`);
}

/** Answers 304 to a caller who already has this answer. That doesn't count against the primary limit. */
function withTag(request: EmulatedRequest, answer: Answer): Answer {
  if (request.method !== 'GET' || answer.status !== 200) return answer;
  const etag = `W/"${createHash('sha1').update(JSON.stringify(answer.body)).digest('hex')}"`;
  const headers = { ...answer.headers, etag };
  return request.headers['if-none-match'] === etag ? { status: 304, headers } : { ...answer, headers };
}
