import nock from 'nock';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { GitHubId, OrgId } from '../../src/model/identity.ts';
import type { CompleteListing } from '../../src/model/member.ts';
import { linkLossId } from '../../src/model/repositories/facts.ts';
import { openSource } from '../support/adapters.ts';
import { absent } from '../support/builders.ts';
import { MIRRORED } from '../support/repositories.ts';

const API = 'https://ghe.example.com';
const TOKEN = 'ghp_contract';
const acme = { org: 'acme', id: 7 as OrgId };

type Sent = { readonly path: string; readonly headers: Record<string, string> };
const sent: Sent[] = [];

beforeEach(() => {
  nock.disableNetConnect();
  sent.length = 0;
});
afterEach(() => {
  nock.abortPendingRequests();
  nock.cleanAll();
  nock.enableNetConnect();
});

/** Answers one GET of exactly this path and query, once, and notes its headers. */
function answer(path: string, body: unknown, headers: Record<string, string> = {}, status = 200): void {
  nock(API)
    .get(path)
    .reply(function () {
      sent.push({
        path,
        headers: Object.fromEntries(Object.entries(this.req.headers).map(([k, v]) => [k, String(v)])),
      });
      return [status, body as nock.Body, headers];
    });
}

const person = (id: number, login: string) => ({ id, login, type: 'User', site_admin: false });

const membership = (role: string, user: ReturnType<typeof person>, org: number) => ({
  state: 'active',
  role,
  user,
  organization: { id: org },
});
const people = (from: number, count: number) =>
  Array.from({ length: count }, (_, index) => person(from + index, `p-${from + index}`));

const open = (apiUrl = API) => openSource({ url: apiUrl }, { credentials: { kind: 'token', token: TOKEN } });

describe('what is asked of GitHub', () => {
  test('for an organization: both roles, its id, and one membership of one owner', async () => {
    answer('/orgs/acme', { id: 7, login: 'acme' });
    answer('/orgs/acme/members?role=admin&per_page=100&page=1', [person(1, 'boss')]);
    answer('/orgs/acme/members?role=member&per_page=100&page=1', [person(2, 'Worker')]);
    answer('/orgs/acme/memberships/boss', membership('admin', person(1, 'boss'), 7));

    expect(await open().source.listOrg('acme')).toMatchObject({
      kind: 'complete',
      org: 'acme',
      id: 7,
      members: [
        { id: 1, login: 'boss', role: 'admin' },
        { id: 2, login: 'Worker', role: 'member' },
      ],
    });
    expect(nock.pendingMocks()).toEqual([]);
    expect(sent).toHaveLength(4);
    for (const { headers } of sent) {
      expect(headers).toMatchObject({
        accept: 'application/vnd.github.v3+json',
        authorization: `token ${TOKEN}`,
        'x-github-api-version': '2022-11-28',
        'user-agent': expect.stringContaining('gh-permit-sync/0.0.0-test'),
      });
      expect(Object.keys(headers).sort()).not.toContain('cookie');
    }
  });

  test('pages are asked for by number, and the Link header only tells how many there are', async () => {
    const last = `<${API}/organizations/7/members?role=member&per_page=100&page=3>; rel="last"`;
    const next = (page: number) =>
      `<${API}/organizations/7/members?role=member&per_page=100&page=${page}>; rel="next"`;
    answer('/orgs/acme', { id: 7, login: 'acme' });
    answer('/orgs/acme/members?role=admin&per_page=100&page=1', [person(1, 'boss')]);
    answer('/orgs/acme/members?role=member&per_page=100&page=1', people(100, 100), {
      link: `${next(2)}, ${last}`,
    });
    answer('/orgs/acme/members?role=member&per_page=100&page=2', people(200, 100), {
      link: `${next(3)}, ${last}`,
    });
    answer('/orgs/acme/members?role=member&per_page=100&page=3', people(300, 17));
    answer('/orgs/acme/memberships/boss', membership('admin', person(1, 'boss'), 7));

    const listing = await open().source.listOrg('acme');
    expect(listing.kind === 'complete' && listing.members.length).toBe(218);
    expect(nock.pendingMocks()).toEqual([]);
  });

  test('on GitHub Enterprise Server everything is below /api/v3', async () => {
    answer('/api/v3/orgs/acme', { id: 7, login: 'acme' });
    answer('/api/v3/orgs/acme/members?role=admin&per_page=100&page=1', [person(1, 'boss')]);
    answer('/api/v3/orgs/acme/members?role=member&per_page=100&page=1', []);
    answer('/api/v3/orgs/acme/memberships/boss', membership('admin', person(1, 'boss'), 7));
    expect(await open(`${API}/api/v3`).source.listOrg('acme')).toMatchObject({ kind: 'complete', id: 7 });
    expect(nock.pendingMocks()).toEqual([]);
  });

  test('for a lookup: the current login by id, then the membership under that login', async () => {
    answer('/user/42', person(42, 'new name?'.replace(/[ ?]/g, '-')));
    answer('/orgs/acme/memberships/new-name-', {
      state: 'active',
      role: 'member',
      user: person(42, 'new-name-'),
      organization: { id: 7, login: 'acme' },
    });
    expect(await open().source.lookUp(42 as GitHubId, [acme])).toMatchObject({
      id: 42,
      login: 'new-name-',
      roles: new Map([[7, 'member']]),
    });
    expect(nock.pendingMocks()).toEqual([]);
  });

  test('for a lookup in several organizations: the account once, a membership for each', async () => {
    answer('/user/42', person(42, 'octocat'));
    answer('/orgs/acme/memberships/octocat', membership('admin', person(42, 'octocat'), 7));
    answer('/orgs/labs/memberships/octocat', { message: 'Not Found' }, {}, 404);
    // A 404 alone proves nothing: an owner, whom GitHub must know, is looked up too.
    answer('/orgs/labs/members?role=admin&per_page=100', [person(1, 'boss')]);
    answer('/orgs/labs/memberships/boss', membership('admin', person(1, 'boss'), 8));
    const found = await open().source.lookUp(42 as GitHubId, [acme, { org: 'labs', id: 8 as OrgId }]);
    expect(found).toMatchObject({
      kind: 'clear',
      roles: new Map<number, unknown>([
        [7, 'admin'],
        [8, absent],
      ]),
    });
    expect(nock.pendingMocks()).toEqual([]);
  });

  test.each([
    ['a billing manager is not a member', { state: 'active', role: 'billing_manager' }],
    ['an invitation is no membership', { state: 'pending', role: 'admin' }],
  ])('%s', async (_, membership) => {
    answer('/user/42', person(42, 'octocat'));
    answer('/orgs/acme/memberships/octocat', {
      ...membership,
      user: person(42, 'octocat'),
      organization: { id: 7 },
    });
    const found = await open().source.lookUp(42 as GitHubId, [acme]);
    expect(found).toMatchObject({ id: 42, login: 'octocat', roles: new Map([[7, absent]]) });
  });
});

describe('requests to GitHub about repositories', () => {
  const repository = { id: 50, name: 'next.js', private: true, archived: false, owner: { id: 7 } };
  const details = { default_repository_permission: 'read', owned_private_repos: 1 };
  const pages = 'per_page=100&page=1';

  /** The organization with one team that may push to one repository, where one person was added. */
  function answerAll(): void {
    answer('/orgs/acme', { id: 7, login: 'acme', ...details });
    answer(`/orgs/acme/members?role=admin&${pages}`, [person(1, 'boss')]);
    answer(`/orgs/acme/members?role=member&${pages}`, []);
    answer('/orgs/acme/memberships/boss', membership('admin', person(1, 'boss'), 7));
    answer(`/orgs/acme/repos?type=all&sort=created&direction=asc&${pages}`, [repository]);
    answer(`/orgs/acme/teams?${pages}`, [{ id: 9, slug: 'core' }]);
    answer(`/organizations/7/team/9/members?${pages}`, [{ ...person(1, 'boss'), role: 'maintainer' }]);
    answer(`/organizations/7/team/9/repos?${pages}`, [{ id: 50, permissions: { pull: true, push: true } }]);
    answer('/orgs/acme/organization-roles', { total_count: 0, roles: [] });
    const people = [{ ...person(2, 'guest'), role_name: 'Deployer', permissions: { pull: true } }];
    answer(`/repositories/50/collaborators?affiliation=direct&${pages}`, people);
    const nodes = [{ databaseId: 50, collaborators: { totalCount: 1 } }];
    const repositories = { nodes, pageInfo: { hasNextPage: false, endCursor: null } };
    nock(API)
      .post('/graphql')
      .reply(200, { data: { organization: { repositories } } });
  }

  test('for a full reading', async () => {
    answerAll();
    const listing = await open().port.listOrg('acme', MIRRORED);
    expect(listing).toMatchObject({
      unread: [],
      repositories: {
        base: 'read',
        repositories: new Map([[50, { id: 50, name: 'next.js', visibility: 'private' }]]),
        teams: new Map([[9, { id: 9, slug: 'core', access: new Map([[50, 'writer']]) }]]),
        collaborators: new Map([[50, new Map([[2, { login: 'guest', role: 'custom_deployer_read' }]])]]),
      },
    });
    expect(nock.pendingMocks()).toEqual([]);
  });

  test("for a team's role on a repository: with the media type that shows the role", async () => {
    answerAll();
    const { port } = open();
    const listing = (await port.listOrg('acme', MIRRORED)) as CompleteListing;
    answer('/orgs/acme/teams/core/repos/acme/next.js', { id: 50, role_name: 'write', permissions: {} });
    const loss = { kind: 'access', org: acme.id, team: 9, repository: 50, role: 'writer' } as const;
    expect(await port.confirmLinkLosses?.([loss], [listing])).toEqual(
      new Map([[linkLossId(loss), { kind: 'holds' }]]),
    );
    expect(sent.at(-1)?.headers.accept).toBe('application/vnd.github.v3.repository+json');
    expect(sent.slice(0, -1).some(({ headers }) => headers.accept === sent.at(-1)?.headers.accept)).toBe(
      false,
    );
  });
});
