import { type EmulatedRequest, Refused } from '../server.ts';
import { badCredentials, integrationForbidden, notFound, refusal } from './answers.ts';
import { looksLikeAppToken, verifyAppToken } from './app-token.ts';
import type { GitHubAccount, GitHubApp, GitHubCredential, GitHubOrg, GitHubWorld } from './world.ts';

type Credential<Kind extends GitHubCredential['kind']> = Extract<GitHubCredential, { kind: Kind }>;

/** The caller. `app` has the App's own JSON web token, which is valid for the App's own paths only. */
export type Caller =
  | { readonly kind: 'anonymous' }
  | { readonly kind: 'person'; readonly account: GitHubAccount; readonly pat: Credential<'pat'> }
  | { readonly kind: 'installation'; readonly installation: Credential<'installation'> }
  | { readonly kind: 'actions' }
  | { readonly kind: 'app'; readonly app: GitHubApp };

/** Everything a route of the emulated GitHub knows about a request. */
export type Ask = {
  readonly request: EmulatedRequest;
  readonly caller: Caller;
  readonly world: GitHubWorld;
  readonly switches: GitHubSwitches;
  /** Milliseconds since the epoch. */
  readonly now: number;
};

/** Behaviour that depends on settings, plan or version. Can be changed while the emulator runs. */
export type GitHubSwitches = {
  /**
   * Requests an hour for each credential. Without it the headers show the published limits, but nothing is refused.
   */
  primaryLimit?: number | undefined;
  /** GitHub gives both answers. */
  limitStatus: 403 | 429;
  /** Unanswered requests at one time; GitHub's limit is 100. */
  concurrentLimit: number;
  /** Points a minute; GitHub's limit is 900, a GET costs 1 and a write 5. Not kept unless given. */
  pointsPerMinute?: number | undefined;
  /** Seconds in the `Retry-After` of a secondary limit. */
  retryAfterSeconds: number;
  /** `numeric`: the Link header leads to `/organizations/ID/…`, as GitHub's does. */
  linkPaths: 'numeric' | 'asRequested';
  /** `dropped`: lists carry no Link header, as behind some gateways. */
  linkHeader: 'sent' | 'dropped';
  /** The answer of a renamed organization's former name until someone claims it. */
  renamedOrgs: 'notFound' | 'moved';
  /** Whether a new membership stays pending until the person accepts it, as on GitHub, or is accepted at once. */
  invitations: 'pending' | 'accepted';
  /** Whether a listing includes people who are members through an enterprise team only. Undocumented. */
  indirectMembers: 'listed' | 'unlisted';
  /** Whether `/organizations/{org_id}/team/{team_id}` answers for an enterprise team; GitHub does not say. */
  enterpriseTeamById: 'answer' | 'notFound';
  /** Whether the members of a team carry `role` and `inherited`: "only … when the feature is enabled". */
  teamMemberRoles: boolean;
  /** `notFound`: the plan or the server has no organization roles. */
  organizationRoles: 'answer' | 'notFound';
  /** `hidden`: no caller sees the base permission and the number of private repositories. */
  orgDetails: 'shown' | 'hidden';
  /** Whether the items of a list of direct collaborators show the highest role by any way, or that of the list alone. */
  directRoles: 'effective' | 'own';
  /** Whether a team's repositories have `role_name`. GitHub's description leaves that open. */
  teamRoleNames: 'shown' | 'absent';
  /** How many repositories GraphQL counts collaborators of in one query; `forbidden`: of none. */
  repositoryCounts: 'answer' | 'forbidden' | number;
  /** Whether Apps see emails of verified domains. Undocumented. */
  verifiedEmailsForApps: 'visible' | 'hidden';
  /** Whether Apps see the identities of an enterprise. Undocumented. */
  enterpriseForApps: 'visible' | 'hidden';
  /** The members listing of an App or an Actions token without the permission to read members. */
  withoutPermission: 'forbidden' | 'publicOnly';
  /** Values of `X-GitHub-Api-Version` that are supported, the oldest first. */
  apiVersions: readonly string[];
  /**
   * The header `github-authentication-token-expiration` of personal access tokens, such as `2026-12-01 10:00:00 UTC`.
   */
  tokenExpiry?: string | undefined;
  /** How long an installation token lives. */
  tokenLifeMs: number;
  /** Milliseconds since the epoch. */
  now: () => number;
};

/** @throws Refused with 401 when the token is unknown, expired, or no token at all */
export function identify(world: GitHubWorld, request: EmulatedRequest, now: number): Caller {
  const { authorization } = request.headers;
  if (authorization === undefined) return { kind: 'anonymous' };
  const token = /^(?:token|bearer) +(\S+)$/i.exec(authorization)?.[1];
  if (token === undefined) throw badCredentials();
  if (looksLikeAppToken(token)) return { kind: 'app', app: verifyAppToken(world, token, now) };
  const credential = world.tokens.get(token);
  switch (credential?.kind) {
    case undefined:
      throw badCredentials();
    case 'actions':
      return { kind: 'actions' };
    case 'installation':
      if (credential.expiresAt !== undefined && credential.expiresAt <= now) throw badCredentials();
      return { kind: 'installation', installation: credential };
    case 'pat': {
      const account = world.users.get(credential.userId);
      if (account === undefined) throw badCredentials();
      return { kind: 'person', account, pat: credential };
    }
  }
}

/**
 * @param name a login in any case, or the numeric id where `by` says so
 * @throws Refused with 404, or with 403 where SAML single sign-on blocks the caller
 */
export function findOrg(ask: Ask, by: 'login' | 'id', name: string): GitHubOrg {
  const { world, caller } = ask;
  const org =
    by === 'login'
      ? world.orgs.get(name.toLowerCase())
      : [...world.orgs.values()].find((one) => String(one.id) === name);
  if (org === undefined) throw by === 'login' ? movedOrGone(ask, name) : notFound();
  if (org.ipAllowList === true) {
    throw refusal(
      403,
      `Although you appear to have the correct authorization credentials, the \`${org.login}\` organization has an IP allow list enabled, and your IP address is not permitted to access this resource.`,
    );
  }
  if (org.samlSsoUrl !== undefined && caller.kind === 'person' && caller.pat.ssoAuthorized !== true) {
    throw refusal(
      403,
      'Resource protected by organization SAML enforcement. You must grant your Personal Access token access to this organization.',
      { 'x-github-sso': `required; url=${org.samlSsoUrl}` },
    );
  }
  return org;
}

function movedOrGone({ world, switches, request }: Ask, name: string): Refused {
  const id = world.formerOrgNames.get(name.toLowerCase());
  if (id === undefined || switches.renamedOrgs === 'notFound') return notFound();
  const query = request.search.size === 0 ? '' : `?${request.search}`;
  const rest = request.path.split('/').slice(3);
  const url = `${[`${request.origin}/organizations/${id}`, ...rest].join('/')}${query}`;
  return new Refused({
    status: 301,
    headers: { location: url },
    body: { message: 'Moved Permanently', url, documentation_url: 'https://docs.github.com/rest' },
  });
}

/**
 * `all`: concealed members too. `public`: what everyone sees. `forbidden`: an App or a workflow that lacks the
 * permission.
 */
export type Sight = 'all' | 'public' | 'forbidden';

const READS_ORG = ['read:org', 'write:org', 'admin:org'];

export function sightOf(caller: Caller, org: GitHubOrg): Sight {
  switch (caller.kind) {
    case 'anonymous':
      return 'public';
    case 'person': {
      const isMember = org.members.get(caller.account.id)?.state === 'active';
      return isMember && caller.pat.scopes.some((scope) => READS_ORG.includes(scope)) ? 'all' : 'public';
    }
    case 'installation':
      if (caller.installation.orgId !== org.id) return 'public';
      return ['read', 'write'].includes(caller.installation.permissions.members ?? '') ? 'all' : 'forbidden';
    case 'actions':
    case 'app':
      return 'forbidden';
  }
}

/** For pages that only insiders see. @throws Refused with `outside` for everyone else */
export function mustSeeAll(caller: Caller, org: GitHubOrg, outside: () => Error): void {
  const sight = sightOf(caller, org);
  if (sight === 'forbidden') throw integrationForbidden('members=read');
  if (sight === 'public') throw outside();
}

/**
 * Whether the caller may see an account alone: a managed user is hidden from those without access to its
 * organization.
 */
export function seesAccount({ caller, world }: Ask, { visibleTo }: GitHubAccount): boolean {
  if (visibleTo === undefined) return true;
  return [...world.orgs.values()].some((org) => visibleTo.includes(org.id) && sightOf(caller, org) === 'all');
}

/** @returns whether the caller is an owner, or an App that may read members */
export function isPrivileged(caller: Caller, org: GitHubOrg): boolean {
  if (sightOf(caller, org) !== 'all') return false;
  return caller.kind !== 'person' || org.members.get(caller.account.id)?.role === 'admin';
}
