import { type Route, routesFor } from '../routes.ts';
import { ok, refusal } from './answers.ts';
import { type Ask, isPrivileged, sightOf } from './caller.ts';
import { execute, FieldError, type Resolvable } from './graphql.ts';
import type { GitHubIdentity } from './people-world.ts';
import { countedRepositories, repositoryNode, teamNodes } from './repositories/organization.ts';
import { type GitHubAccount, type GitHubOrg, type GitHubWorld, orgOf, userOf } from './world.ts';

/**
 * `POST /graphql`, as far as identities and counts go (docs.github.com/graphql): SAML and SCIM identities of
 * organizations and enterprises, emails of verified domains, and how many people have access to repositories.
 */
export const identityRoutes: readonly Route<Ask>[] = ['/graphql', '/api/graphql'].map((path) =>
  routesFor<Ask>()('POST', path, (ask) => {
    if (ask.caller.kind === 'anonymous')
      throw refusal(401, 'This endpoint requires you to be authenticated.');
    const body = ask.request.body as { query?: unknown; variables?: Record<string, unknown> } | undefined;
    if (typeof body?.query !== 'string') throw refusal(400, 'A query attribute must be specified.');
    return ok(execute(body.query, body.variables ?? {}, rootOf(ask)));
  }),
);

const text = (value: unknown): string => (typeof value === 'string' ? value : '');

const rootOf = (ask: Ask): Resolvable => ({
  organization: ({ login }: { login: unknown }) => {
    const org = ask.world.orgs.get(text(login).toLowerCase());
    if (org === undefined)
      throw new FieldError('NOT_FOUND', `Could not resolve to an Organization with the login of '${login}'.`);
    return organization(ask, org);
  },
  enterprise: ({ slug }: { slug: unknown }) => {
    const enterprise = ask.world.enterprises.get(text(slug));
    if (enterprise === undefined)
      throw new FieldError('NOT_FOUND', `Could not resolve to a Business with the URL slug of '${slug}'.`);
    const { caller, switches } = ask;
    const mayRead =
      caller.kind === 'person'
        ? enterprise.owners.includes(caller.account.id) &&
          caller.pat.scopes.some((scope) => ['read:enterprise', 'admin:enterprise'].includes(scope))
        : caller.kind === 'installation' && switches.enterpriseForApps === 'visible';
    const provider = { externalIdentities: connectionOf(ask, enterprise.identities, undefined) };
    return { ownerInfo: mayRead ? { samlIdentityProvider: provider } : null };
  },
  repository: ({ owner, name }: { owner: unknown; name: unknown }) =>
    repositoryNode(ask, text(owner), text(name)),
  user: ({ login }: { login: unknown }) => {
    const account = ask.world.users.byLogin(text(login));
    if (account === undefined)
      throw new FieldError('NOT_FOUND', `Could not resolve to a User with the login of '${login}'.`);
    return user(ask, account);
  },
});

const organization = (ask: Ask, org: GitHubOrg): Resolvable => ({
  samlIdentityProvider:
    org.identities === undefined || !isPrivileged(ask.caller, org)
      ? null
      : { externalIdentities: connectionOf(ask, org.identities, org) },
  membersWithRole: (args: PageArguments) => {
    const seesAll = sightOf(ask.caller, org) === 'all';
    const ids = [...org.members].filter(([, { state, role, public: isPublic }]) => {
      return state === 'active' && role !== 'billing_manager' && (seesAll || isPublic);
    });
    const accounts = ids.flatMap(([id]) => ask.world.users.get(id) ?? []).sort((a, b) => a.id - b.id);
    return pageOf(accounts, args, (account) => user(ask, account));
  },
  repositories: (args: PageArguments) =>
    pageOf(countedRepositories(ask, org, args.first ?? 0), args, (repository) => repository),
  teams: (args: PageArguments) => pageOf(teamNodes(ask, org), args, (team) => team),
});

const user = (ask: Ask, { id, login, name, verifiedEmails = [] }: GitHubAccount): Resolvable => ({
  databaseId: id,
  login,
  name: name ?? null,
  organizationVerifiedDomainEmails: (args: { login: unknown }) => {
    const org = ask.world.orgs.get(text(args.login).toLowerCase());
    const isHidden = ask.caller.kind !== 'person' && ask.switches.verifiedEmailsForApps === 'hidden';
    const isMember = org !== undefined && org.members.get(id)?.state === 'active';
    return isHidden || !isMember || sightOf(ask.caller, org) !== 'all' ? [] : verifiedEmails;
  },
});

type PageArguments = { readonly first?: number; readonly after?: string };
type IdentityArguments = PageArguments & {
  readonly login?: string;
  readonly userName?: string;
  readonly membersOnly?: boolean;
};

/** @param org undefined for an enterprise: all its people are members. */
const connectionOf =
  (ask: Ask, identities: readonly GitHubIdentity[], org: GitHubOrg | undefined) =>
  (args: IdentityArguments) => {
    const accountOf = ({ userId }: GitHubIdentity) =>
      userId === undefined ? undefined : ask.world.users.get(userId);
    const found = identities.filter((one) => {
      const account = accountOf(one);
      const isMember = org === undefined || (account && org.members.get(account.id)?.state === 'active');
      const { login, userName, membersOnly } = args;
      return (
        (!membersOnly || isMember) &&
        (login === undefined || account?.login.toLowerCase() === login.toLowerCase()) &&
        (userName === undefined || [one.nameId, one.scimUserName].includes(userName))
      );
    });
    return pageOf(found, args, (one) => {
      const { nameId, emails, givenName, familyName, scimUserName } = one;
      const account = accountOf(one);
      const names = { givenName: givenName ?? null, familyName: familyName ?? null };
      return {
        samlIdentity:
          nameId === undefined
            ? null
            : {
                nameId,
                ...names,
                emails: emails?.map((value) => ({ value, primary: null, type: null })) ?? null,
              },
        scimIdentity: scimUserName === undefined ? null : { username: scimUserName, ...names },
        user: account === undefined ? null : user(ask, account),
      };
    });
  };

function pageOf<T>(
  items: readonly T[],
  { first, after }: PageArguments,
  show: (item: T) => Resolvable,
): Resolvable {
  if (typeof first !== 'number')
    throw new FieldError('MISSING_PAGINATION_BOUNDARIES', 'You must provide a `first` or `last` value.');
  if (first < 1 || first > 100)
    throw new FieldError(
      'EXCESSIVE_PAGINATION',
      `Requesting ${first} records exceeds the \`first\` limit of 100 records.`,
    );
  const start = after === undefined ? 0 : Number(Buffer.from(after, 'base64url'));
  const nodes = items.slice(start, start + first);
  const end = start + nodes.length;
  return {
    nodes: nodes.map(show),
    totalCount: items.length,
    pageInfo: {
      hasNextPage: end < items.length,
      endCursor: nodes.length === 0 ? null : Buffer.from(String(end)).toString('base64url'),
    },
  };
}

/**
 * Links an identity of the organization's provider, which this sets up, to a person; replaces the one that is there.
 */
export function linkIdentity(
  world: GitHubWorld,
  org: string,
  login: string,
  identity: Omit<GitHubIdentity, 'userId'>,
): void {
  const found = orgOf(world, org);
  found.identities = [
    ...(found.identities ?? []).filter(({ userId }) => userId !== userOf(world, login).id),
    { ...identity, userId: userOf(world, login).id },
  ];
}
