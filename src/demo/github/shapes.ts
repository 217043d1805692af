import {
  type GitHubAccount,
  type GitHubApp,
  type GitHubInstallation,
  type GitHubMembership,
  type GitHubOrg,
  type GitHubOrgRole,
  type GitHubTeam,
  isEnterpriseTeam,
} from './world.ts';

/** The `simple user` of GitHub's OpenAPI description: what lists hold. The role in an organization is not in it. */
export function simpleUser(account: GitHubAccount, origin: string) {
  const { id, login, type = 'User' } = account;
  const url = `${origin}/users/${login}`;
  return {
    login,
    id,
    node_id: nodeId('U', id),
    avatar_url: `https://avatars.githubusercontent.com/u/${id}?v=4`,
    gravatar_id: '',
    url,
    html_url: `https://github.com/${login}`,
    followers_url: `${url}/followers`,
    following_url: `${url}/following{/other_user}`,
    gists_url: `${url}/gists{/gist_id}`,
    starred_url: `${url}/starred{/owner}{/repo}`,
    subscriptions_url: `${url}/subscriptions`,
    organizations_url: `${url}/orgs`,
    repos_url: `${url}/repos`,
    events_url: `${url}/events{/privacy}`,
    received_events_url: `${url}/received_events`,
    type,
    user_view_type: 'public',
    site_admin: false,
  };
}

export const CREATED = '2020-01-01T00:00:00Z';
export const UPDATED = '2024-01-01T00:00:00Z';

/** `public-user`: the account as `/users/{login}` and `/user/{id}` show it. */
export function fullUser(account: GitHubAccount, origin: string) {
  return {
    ...simpleUser(account, origin),
    name: null,
    company: null,
    blog: '',
    location: null,
    email: null,
    hireable: null,
    bio: null,
    public_repos: 0,
    public_gists: 0,
    followers: 0,
    following: 0,
    created_at: CREATED,
    updated_at: UPDATED,
    // Only GitHub Enterprise Server shows this field.
    ...(account.suspended === true ? { suspended_at: UPDATED } : {}),
  };
}

export function simpleOrg({ id, login }: GitHubOrg, origin: string) {
  const url = `${origin}/orgs/${login}`;
  return {
    login,
    id,
    node_id: nodeId('O', id),
    url,
    repos_url: `${url}/repos`,
    events_url: `${url}/events`,
    hooks_url: `${url}/hooks`,
    issues_url: `${url}/issues`,
    members_url: `${url}/members{/member}`,
    public_members_url: `${url}/public_members{/member}`,
    avatar_url: `https://avatars.githubusercontent.com/u/${id}?v=4`,
    description: null,
  };
}

/** `org-membership`. */
export function membershipShape(
  org: GitHubOrg,
  account: GitHubAccount,
  { state, role, through }: GitHubMembership,
  origin: string,
) {
  return {
    url: `${origin}/orgs/${org.login}/memberships/${account.login}`,
    state,
    role,
    organization_url: `${origin}/orgs/${org.login}`,
    user: simpleUser(account, origin),
    organization: simpleOrg(org, origin),
    direct_membership: through === undefined,
    ...(through === undefined ? {} : { enterprise_teams_providing_indirect_membership: through }),
  };
}

/** `organization-full`, also as part of a team. */
export const fullOrg = (org: GitHubOrg, origin: string) => ({
  ...simpleOrg(org, origin),
  html_url: `https://github.com/${org.login}`,
  type: 'Organization',
  name: org.login,
  has_organization_projects: true,
  has_repository_projects: true,
  public_repos: 0,
  public_gists: 0,
  followers: 0,
  following: 0,
  created_at: CREATED,
  updated_at: UPDATED,
  archived_at: null,
});

export const teamPath = (org: GitHubOrg, team: GitHubTeam): string =>
  `/organizations/${org.id}/team/${team.id}`;

/** `team-simple` */
function simpleTeam(org: GitHubOrg, team: GitHubTeam, origin: string) {
  const url = `${origin}${teamPath(org, team)}`;
  return {
    name: team.name,
    id: team.id,
    node_id: nodeId('T', team.id),
    slug: team.slug,
    description: '',
    privacy: team.privacy,
    notification_setting: 'notifications_enabled',
    url,
    html_url: `https://github.com/orgs/${org.login}/teams/${team.slug}`,
    members_url: `${url}/members{/member}`,
    repositories_url: `${url}/repos`,
    permission: 'pull',
    ...(isEnterpriseTeam(team)
      ? { type: 'enterprise', enterprise_id: 1 }
      : { type: 'organization', organization_id: org.id }),
  };
}

/** `team`: an item of a list of teams. */
export function listedTeam(org: GitHubOrg, team: GitHubTeam, origin: string) {
  const parent = team.parent === undefined ? undefined : org.teams.get(team.parent);
  return {
    ...simpleTeam(org, team, origin),
    parent: parent === undefined ? null : simpleTeam(org, parent, origin),
  };
}

/** `team-full` */
export const fullTeam = (org: GitHubOrg, team: GitHubTeam, members: number, origin: string) => ({
  ...listedTeam(org, team, origin),
  created_at: CREATED,
  updated_at: UPDATED,
  members_count: members,
  repos_count: 0,
  organization: fullOrg(org, origin),
});

/** An organization as GitHub shows it where an account is expected: a `simple-user` of another type. */
export const orgAccount = ({ id, login }: GitHubOrg, origin: string) => ({
  ...simpleUser({ id, login }, origin),
  node_id: nodeId('O', id),
  type: 'Organization',
});

/** `organization-role` */
export const orgRoleShape = (org: GitHubOrg, { id, name, base, source }: GitHubOrgRole, origin: string) => ({
  id,
  name,
  description: null,
  base_role: base ?? null,
  source,
  permissions: [],
  organization: orgAccount(org, origin),
  created_at: CREATED,
  updated_at: UPDATED,
});

/** Where the emulator is, from an address in an account. */
const originOf = ({ url }: { readonly url: string }): string => new URL(url).origin;

export const selectionOf = (repositories: GitHubInstallation['repositories']) =>
  repositories === undefined ? 'all' : 'selected';

export const installationShape = (
  app: GitHubApp,
  installation: GitHubInstallation,
  account: Omit<ReturnType<typeof simpleUser>, 'type'>,
  type: 'Organization' | 'User',
) => ({
  id: installation.id,
  account,
  repository_selection: selectionOf(installation.repositories),
  access_tokens_url: `${originOf(account)}/app/installations/${installation.id}/access_tokens`,
  repositories_url: `${originOf(account)}/installation/repositories`,
  html_url: `https://github.com/organizations/${account.login}/settings/installations/${installation.id}`,
  app_id: app.id,
  app_slug: app.slug,
  target_id: account.id,
  target_type: type,
  permissions: installation.permissions,
  events: [],
  created_at: CREATED,
  updated_at: UPDATED,
  single_file_name: null,
  suspended_at: installation.suspended === true ? UPDATED : null,
  suspended_by: installation.suspended === true ? account : null,
});

/** `integration`: the App itself. @param owner the organization that has registered it */
export const appShape = (
  { id, slug }: GitHubApp,
  owner: GitHubOrg,
  origin: string,
  events: readonly string[],
) => ({
  id,
  slug,
  node_id: nodeId('A', id),
  owner: orgAccount(owner, origin),
  name: slug,
  description: null,
  external_url: `https://example.com/${slug}`,
  html_url: `https://github.com/apps/${slug}`,
  created_at: CREATED,
  updated_at: UPDATED,
  permissions: { members: 'read' },
  events,
});

export const nodeId = (kind: string, id: number): string =>
  `${kind}_${Buffer.from(String(id)).toString('base64url')}`;
