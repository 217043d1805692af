import type { GitHubAccount, GitHubApp, GitHubInstallation, GitHubOrg, GitHubTeam } from './github-world.ts';

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

/** The account as `/users/{login}` and `/user/{id}` show it. */
export function fullUser(account: GitHubAccount, origin: string) {
  const suspended = account.suspended === true ? { suspended_at: '2024-01-01T00:00:00Z' } : {};
  return {
    ...simpleUser(account, origin),
    name: null,
    email: null,
    created_at: '2020-01-01T00:00:00Z',
    ...suspended,
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

export const fullOrg = (org: GitHubOrg, origin: string) => ({
  ...simpleOrg(org, origin),
  type: 'Organization',
  name: org.login,
  has_organization_projects: true,
  public_repos: 0,
  created_at: '2020-01-01T00:00:00Z',
});

export const teamPath = (org: GitHubOrg, team: GitHubTeam): string =>
  `/organizations/${org.id}/team/${team.id}`;

export function simpleTeam(org: GitHubOrg, team: GitHubTeam, origin: string) {
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
  };
}

export function fullTeam(org: GitHubOrg, team: GitHubTeam, origin: string) {
  const parent = team.parent === undefined ? undefined : org.teams.get(team.parent);
  return {
    ...simpleTeam(org, team, origin),
    parent: parent === undefined ? null : simpleTeam(org, parent, origin),
  };
}

export const installationShape = (
  app: GitHubApp,
  installation: GitHubInstallation,
  org: GitHubOrg,
  origin: string,
) => ({
  id: installation.id,
  account: { ...simpleOrg(org, origin), type: 'Organization' },
  repository_selection: 'all',
  access_tokens_url: `${origin}/app/installations/${installation.id}/access_tokens`,
  app_id: app.id,
  app_slug: app.slug,
  target_id: org.id,
  target_type: 'Organization',
  permissions: installation.permissions,
  events: [],
  suspended_at: installation.suspended === true ? '2024-01-01T00:00:00Z' : null,
});

const nodeId = (kind: string, id: number): string =>
  `${kind}_${Buffer.from(String(id)).toString('base64url')}`;
