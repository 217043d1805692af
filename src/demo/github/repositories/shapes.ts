import { CREATED, nodeId, orgAccount, simpleUser, UPDATED } from '../shapes.ts';
import type { GitHubAccount, GitHubOrg } from '../world.ts';
import { type GitHubCustomRole, type GitHubRepository, levelOfRole, OWN_ROLES } from './repository-world.ts';

/** Addresses below that of a repository, by the field that holds them. */
const BELOW = {
  archive_url: '/{archive_format}{/ref}',
  assignees_url: '/assignees{/user}',
  blobs_url: '/git/blobs{/sha}',
  branches_url: '/branches{/branch}',
  collaborators_url: '/collaborators{/collaborator}',
  comments_url: '/comments{/number}',
  commits_url: '/commits{/sha}',
  compare_url: '/compare/{base}...{head}',
  contents_url: '/contents/{+path}',
  contributors_url: '/contributors',
  deployments_url: '/deployments',
  downloads_url: '/downloads',
  events_url: '/events',
  forks_url: '/forks',
  git_commits_url: '/git/commits{/sha}',
  git_refs_url: '/git/refs{/sha}',
  git_tags_url: '/git/tags{/sha}',
  hooks_url: '/hooks',
  issue_comment_url: '/issues/comments{/number}',
  issue_events_url: '/issues/events{/number}',
  issues_url: '/issues{/number}',
  keys_url: '/keys{/key_id}',
  labels_url: '/labels{/name}',
  languages_url: '/languages',
  merges_url: '/merges',
  milestones_url: '/milestones{/number}',
  notifications_url: '/notifications{?since,all,participating}',
  pulls_url: '/pulls{/number}',
  releases_url: '/releases{/id}',
  stargazers_url: '/stargazers',
  statuses_url: '/statuses/{sha}',
  subscribers_url: '/subscribers',
  subscription_url: '/subscription',
  tags_url: '/tags',
  teams_url: '/teams',
  trees_url: '/git/trees{/sha}',
} as const;

const COUNTS = {
  ...{ forks: 0, forks_count: 0, network_count: 0, open_issues: 0, open_issues_count: 0, size: 0 },
  ...{ stargazers_count: 0, subscribers_count: 0, watchers: 0, watchers_count: 0 },
};
const FEATURES = {
  ...{ has_discussions: false, has_downloads: true, has_issues: true, has_pages: false },
  ...{ has_projects: true, has_wiki: true },
};

/** `full-repository`, which holds everything that `minimal-repository` and `team-repository` demand. */
export function repositoryShape(org: GitHubOrg, repository: GitHubRepository, origin: string) {
  const { id, name, visibility, archived } = repository;
  const full_name = `${org.login}/${name}`;
  const url = `${origin}/repos/${full_name}`;
  const web = `https://github.com/${full_name}`;
  return {
    ...{ id, node_id: nodeId('R', id), name, full_name, owner: orgAccount(org, origin) },
    ...{ private: visibility !== 'public', visibility, archived, disabled: false, fork: false },
    ...{
      url,
      html_url: web,
      clone_url: `${web}.git`,
      svn_url: web,
      git_url: `git:github.com/${full_name}.git`,
    },
    ...{ ssh_url: `git@github.com:${full_name}.git`, mirror_url: null, homepage: null },
    ...Object.fromEntries(Object.entries(BELOW).map(([field, path]) => [field, `${url}${path}`])),
    ...{ description: null, language: null, license: null, default_branch: 'main', ...COUNTS, ...FEATURES },
    ...{ created_at: CREATED, updated_at: UPDATED, pushed_at: UPDATED },
  };
}

/** A role as GitHub shows it: its name, and its level as a set of permissions. */
export function roleShape({ repositories }: GitHubOrg, role: string) {
  const level = OWN_ROLES.indexOf(levelOfRole(repositories, role));
  const [pull, triage, push, maintain, admin] = OWN_ROLES.map((_, index) => index <= level);
  return { permissions: { pull, triage, push, maintain, admin }, role_name: role };
}

/** `collaborator` */
export const collaboratorShape = (org: GitHubOrg, account: GitHubAccount, role: string, origin: string) => ({
  ...simpleUser(account, origin),
  ...roleShape(org, role),
});

/** `organization-custom-repository-role` */
export const customRoleShape = (org: GitHubOrg, { id, name, base }: GitHubCustomRole, origin: string) => ({
  ...{ id, name, description: null, base_role: base, permissions: [] },
  ...{ organization: orgAccount(org, origin), created_at: CREATED, updated_at: UPDATED },
});
