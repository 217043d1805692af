import nock from 'nock';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { GitHubId, OrgId } from '../../src/model/identity.ts';
import { openSource } from '../support/adapters.ts';
import { absent } from '../support/builders.ts';

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

  test('at a GitHub Enterprise Server everything stands below /api/v3', async () => {
    answer('/api/v3/orgs/acme', { id: 7, login: 'acme' });
    answer('/api/v3/orgs/acme/members?role=admin&per_page=100&page=1', [person(1, 'boss')]);
    answer('/api/v3/orgs/acme/members?role=member&per_page=100&page=1', []);
    answer('/api/v3/orgs/acme/memberships/boss', membership('admin', person(1, 'boss'), 7));
    expect(await open(`${API}/api/v3`).source.listOrg('acme')).toMatchObject({ kind: 'complete', id: 7 });
    expect(nock.pendingMocks()).toEqual([]);
  });

  test('for a lookup: the login of today by the id, then the membership under that login', async () => {
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
    // Nothing is concluded from a 404 alone: an owner, of whom GitHub has to know, is asked about too.
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
    ['a billing manager is no member', { state: 'active', role: 'billing_manager' }],
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
