import { describe, expect, test } from 'vitest';
import {
  addMember,
  addOrg,
  addTeam,
  addToken,
  addUser,
  deleteUser,
  type GitHubEmulator,
  orgOf,
  removeMember,
  renameOrg,
  renameUser,
  userOf,
} from '../../src/demo/github/github.ts';
import type { FaultAction, FaultRequest } from '../../src/demo/server.ts';
import type { OrgListing } from '../../src/model/member.ts';
import { githubWithAcme, openSource, type SourceOptions } from '../support/adapters.ts';
import { withoutLinks } from '../support/without-links.ts';

const list = (github: GitHubEmulator, options?: SourceOptions) =>
  openSource(github, options).source.listOrg('acme');

const isPage =
  (page: number, role = 'member') =>
  ({ path, query }: Pick<FaultRequest, 'path' | 'query'>): boolean =>
    path === '/orgs/acme/members' && query.role === role && query.page === String(page);

/** Who GitHub says is a member: login to role. */
function truth({ world }: GitHubEmulator): Record<string, string> {
  const active = [...orgOf(world, 'acme').members].filter(([, { state }]) => state === 'active');
  return Object.fromEntries(active.map(([id, { role }]) => [world.users.get(id)?.login ?? '?', role]));
}

const told = (listing: OrgListing): Record<string, string> | string =>
  listing.kind === 'complete'
    ? Object.fromEntries(listing.members.map(({ login, role }) => [login, role]))
    : `${listing.code}: ${listing.message}`;

describe('requests (CONTRACT §11)', () => {
  test.each([
    { owners: 1, members: 0 },
    { owners: 2, members: 99 },
    { owners: 3, members: 100 },
    { owners: 99, members: 101 },
    { owners: 100, members: 250 },
    { owners: 101, members: 1000 },
  ])('$owners owners and $members members', async ({ owners, members }) => {
    const github = await githubWithAcme({ owners, members });
    expect(told(await list(github))).toEqual(truth(github));
    const allowed = Math.max(1, Math.ceil(owners / 100)) + Math.max(1, Math.ceil(members / 100)) + 2;
    // GitHub sends no Link header with a list of exactly one full page: only another request shows that it ends there.
    const full = [owners, members].filter((count) => count === 100).length;
    expect(github.requests.length).toBe(allowed + full);
    expect(github.requests.every(({ method, status }) => method === 'GET' && status === 200)).toBe(true);
    const listings = github.requests.filter(({ path }) => path === '/orgs/acme/members');
    expect(listings.every(({ query }) => query.per_page === '100')).toBe(true);
  });

  test.each([1, 99, 100, 101, 200, 250])(
    '%i members behind a gateway that drops the Link header',
    async (members) => {
      const github = await githubWithAcme({ members });
      const source = openSource({ url: await withoutLinks(github.url) }).source;
      expect(told(await source.listOrg('acme'))).toEqual(truth(github));
      const pages = github.requests.filter(({ query }) => query.role === 'member');
      expect(pages.length).toBe(Math.floor(members / 100) + 1);
    },
  );

  test('a Link header that only announces a deprecation says nothing about pages', async () => {
    const github = await githubWithAcme({ members: 150 });
    const body = Array.from({ length: 100 }, (_, i) => ({
      id: userOf(github.world, `member-${String(i + 1).padStart(5, '0')}`).id,
      login: `member-${String(i + 1).padStart(5, '0')}`,
    }));
    const headers = { link: '<https://developer.github.com/changes>; rel="deprecation"; type="text/html"' };
    github.faults.push({ match: isPage(1), do: { kind: 'answer', status: 200, body, headers } });
    expect(told(await list(github))).toEqual(truth(github));
  });

  test('pages come side by side, never more than forty', async () => {
    const github = await githubWithAcme({ members: 5000 });
    github.latencyMs = 15;
    expect(told(await list(github))).toEqual(truth(github));
    expect(github.peakInFlight).toBeLessThanOrEqual(40);
    expect(github.peakInFlight).toBeGreaterThan(5);
  });

  test('forty at a time counts for all organizations together', async () => {
    const github = await githubWithAcme({ members: 2500 });
    addOrg(github.world, 'labs');
    for (const [id, { role }] of orgOf(github.world, 'acme').members) {
      addMember(github.world, 'labs', { login: github.world.users.get(id)?.login ?? '', role });
    }
    github.latencyMs = 15;
    const { source } = openSource(github);
    const listings = await Promise.all(['acme', 'labs'].map((org) => source.listOrg(org)));
    expect(listings.map(({ kind }) => kind)).toEqual(['complete', 'complete']);
    expect(github.peakInFlight).toBeLessThanOrEqual(40);
  });
});

describe('a page that never comes makes the listing incomplete, never shorter', () => {
  const faults: Record<string, { readonly do: FaultAction; readonly code: string }> = {
    '500': { do: { kind: 'answer', status: 500, body: { message: 'oops' } }, code: 'GITHUB_UNAVAILABLE' },
    '502 with HTML': {
      do: { kind: 'answer', status: 502, body: '<h1>Unicorn!</h1>' },
      code: 'GITHUB_UNAVAILABLE',
    },
    reset: { do: { kind: 'reset', when: 'before' }, code: 'GITHUB_UNAVAILABLE' },
    hang: { do: { kind: 'hang', when: 'before' }, code: 'GITHUB_UNAVAILABLE' },
    truncated: { do: { kind: 'truncate' }, code: 'GITHUB_UNAVAILABLE' },
    null: { do: { kind: 'answer', status: 200, body: null }, code: 'GITHUB_UNAVAILABLE' },
    '{}': { do: { kind: 'answer', status: 200, body: {} }, code: 'GITHUB_UNAVAILABLE' },
    HTML: { do: { kind: 'answer', status: 200, body: '<h1>Please log in</h1>' }, code: 'GITHUB_UNAVAILABLE' },
    'a list of something else': {
      do: { kind: 'answer', status: 200, body: [{ name: 'x' }] },
      code: 'GITHUB_UNAVAILABLE',
    },
    '204': { do: { kind: 'answer', status: 204 }, code: 'GITHUB_UNAVAILABLE' },
    '404': { do: { kind: 'answer', status: 404, body: { message: 'Not Found' } }, code: 'GITHUB_NOT_FOUND' },
    '403': { do: { kind: 'answer', status: 403, body: { message: 'Forbidden' } }, code: 'GITHUB_AUTH' },
  };
  const pages = { 'the first page': 1, 'a page in the middle': 2, 'the last page': 4 };

  test.each(
    Object.entries(faults).flatMap(([name, fault]) =>
      Object.entries(pages).map(([where, page]) => ({ name, where, page, ...fault })),
    ),
  )('$name, $where', async ({ page, code, do: action }) => {
    const github = await githubWithAcme({ members: 350 });
    github.faults.push({ match: isPage(page), do: action });
    const listing = await list(github, {
      ...(action.kind === 'hang' ? { requestTimeoutMs: 1_000 } : {}),
      retry: { retries: 2, firstWaitMs: 1, longestWaitMs: 2 },
    });
    expect(listing).toMatchObject({ kind: 'incomplete', org: 'acme', code });
    expect('members' in listing).toBe(false);
  });

  test.each(Object.entries(faults).filter(([name]) => !['404', '403'].includes(name)))(
    '%s, but only for a while: all are listed',
    async (_, { do: action }) => {
      const github = await githubWithAcme({ owners: 2, members: 350 });
      github.faults.push({ match: ({ path }) => path === '/orgs/acme/members', times: 3, do: action });
      expect(told(await list(github, action.kind === 'hang' ? { requestTimeoutMs: 1_000 } : {}))).toEqual(
        truth(github),
      );
    },
  );

  test('the organization or the membership that never comes makes it incomplete too', async () => {
    for (const path of ['/orgs/acme', '/orgs/acme/memberships/owner']) {
      const github = await githubWithAcme({ members: 5 });
      github.faults.push({
        match: (request) => request.path === path,
        do: { kind: 'reset', when: 'before' },
      });
      expect(await list(github)).toMatchObject({ kind: 'incomplete', code: 'GITHUB_UNAVAILABLE' });
    }
  });
});

describe('a listing that changes while it is read', () => {
  const short: FaultAction = {
    kind: 'answer',
    status: 200,
    body: [{ id: 999_001, login: 'lonely' }],
  };

  test('a short page in the middle is read again', async () => {
    const github = await githubWithAcme({ members: 350 });
    github.faults.push({ match: isPage(2), times: 1, do: short });
    expect(told(await list(github))).toEqual(truth(github));
  });

  test('a page that stays short makes it incomplete', async () => {
    const github = await githubWithAcme({ members: 350 });
    github.faults.push({ match: isPage(3), do: short });
    expect(await list(github)).toMatchObject({ kind: 'incomplete', code: 'GITHUB_INCOMPLETE' });
  });

  test('an empty page in the middle is not the end of the list', async () => {
    const github = await githubWithAcme({ members: 350 });
    github.faults.push({ match: isPage(2), times: 1, do: { kind: 'answer', status: 200, body: [] } });
    expect(told(await list(github))).toEqual(truth(github));
  });

  test('people who join while it is read are found on pages that were not announced', async () => {
    const github = await githubWithAcme({ members: 200 });
    let joined = false;
    github.onRequest = ({ path, query }) => {
      if (joined || !isPage(2)({ path, query })) return;
      joined = true;
      for (let i = 0; i < 150; i++) addMember(github.world, 'acme', { login: `zz-${i}` });
    };
    expect(told(await list(github))).toEqual(truth(github));
  });

  test('a leaver on a page already read does not hide the person who moved up', async () => {
    const github = await githubWithAcme({ members: 250 });
    const gone = 'member-00007';
    github.onRequest = ({ path, query }) => {
      if (isPage(2)({ path, query }) && truth(github)[gone]) removeMember(github.world, 'acme', gone);
    };
    const listing = await list(github);
    expect(listing.kind).toBe('complete');
    // The listing alone can't know: people it misses are looked up before anything is removed (see look-up.test.ts).
    const missing = Object.keys(truth(github)).filter(
      (login) => !Object.hasOwn(told(listing) as object, login),
    );
    expect(missing.length).toBeLessThanOrEqual(1);
  });

  test.each(['promoted', 'demoted'] as const)(
    'asks about someone who is %s between the two passes',
    async (how) => {
      const github = await githubWithAcme({ owners: 5, members: 50 });
      const login = how === 'promoted' ? 'member-00010' : 'owner-00001';
      const role = how === 'promoted' ? 'admin' : 'member';
      // The pass that was requested first answers last, so that the person is in both lists.
      const [first, second] = how === 'promoted' ? ['member', 'admin'] : ['admin', 'member'];
      github.onRequest = async ({ path, query }) => {
        if (path !== '/orgs/acme/members' || query.role !== second) return;
        await expect
          .poll(() => github.requests.some((one) => one.query.role === first && one.status === 200))
          .toBe(true);
        addMember(github.world, 'acme', { login, role });
      };
      expect(told(await list(github))).toEqual(truth(github));
      expect(truth(github)[login]).toBe(role);
      expect(github.requests.filter(({ path }) => path === `/orgs/acme/memberships/${login}`)).toHaveLength(
        1,
      );
    },
  );

  test.each([
    { both: 3, members: 20, kind: 'complete' },
    { both: 4, members: 20, kind: 'incomplete' },
    { both: 6, members: 600, kind: 'complete' },
    { both: 7, members: 600, kind: 'incomplete' },
  ] as const)('$both people in both lists of about $members: $kind', async ({ both, members, kind }) => {
    const github = await githubWithAcme({ members: members - 1 });
    github.onRequest = async ({ path, query }) => {
      if (path !== '/orgs/acme/members' || query.role !== 'admin') return;
      const done = (): boolean =>
        github.requests.filter((one) => one.query.role === 'member' && one.status === 200).length >=
        Math.ceil((members - 1) / 100);
      await expect.poll(done).toBe(true);
      for (let i = 1; i <= both; i++)
        addMember(github.world, 'acme', { login: `member-${String(i).padStart(5, '0')}`, role: 'admin' });
    };
    const listing = await list(github);
    expect(listing.kind).toBe(kind);
    if (listing.kind === 'incomplete') expect(listing).toMatchObject({ code: 'GITHUB_INCOMPLETE' });
    else expect(told(listing)).toEqual(truth(github));
  });

  test('someone who is promoted and renamed is not listed under another person’s name', async () => {
    const github = await githubWithAcme({ owners: 2, members: 20 });
    const promoted = userOf(github.world, 'member-00003');
    github.onRequest = async ({ path, query }) => {
      if (path === '/orgs/acme/memberships/member-00003') {
        renameUser(github.world, 'member-00003', 'elsewhere');
        addMember(github.world, 'acme', { login: 'member-00003' });
      }
      if (path !== '/orgs/acme/members' || query.role !== 'admin') return;
      await expect
        .poll(() => github.requests.some((one) => one.query.role === 'member' && one.status === 200))
        .toBe(true);
      addMember(github.world, 'acme', { login: promoted.login, role: 'admin' });
    };
    const listing = await list(github);
    expect(listing).toMatchObject({ kind: 'incomplete', code: 'GITHUB_INCOMPLETE' });
  });
});

describe('a view that is not complete', () => {
  test('no owner at all', async () => {
    const github = await githubWithAcme({ members: 3 });
    github.faults.push({ match: isPage(1, 'admin'), do: { kind: 'answer', status: 200, body: [] } });
    expect(await list(github)).toMatchObject({
      code: 'GITHUB_INCOMPLETE',
      message: expect.stringContaining('no owner'),
    });
  });

  test('a caller who is not a member sees the public members, with a 200', async () => {
    const github = await githubWithAcme({ owners: 2, members: 20 });
    const outsider = addUser(github.world, 'outsider');
    const token = addToken(github.world, 'ghp_outsider', {
      kind: 'pat',
      userId: outsider.id,
      scopes: ['read:org'],
    });
    const asOutsider: SourceOptions = { credentials: { kind: 'token', token } };

    // Nobody is public, not even an owner.
    expect(await list(github, asOutsider)).toMatchObject({ code: 'GITHUB_INCOMPLETE' });
    // An owner and four members are public (PyGithub#2424).
    addMember(github.world, 'acme', { login: 'owner', role: 'admin', public: true });
    for (const n of [1, 2, 3, 4]) addMember(github.world, 'acme', { login: `member-0000${n}`, public: true });
    expect(await list(github, asOutsider)).toMatchObject({
      kind: 'incomplete',
      code: 'GITHUB_INCOMPLETE',
      message: expect.stringContaining('only the public members'),
      hint: expect.stringContaining('read:org'),
    });
  });

  test('a member whose token lacks read:org sees the public members', async () => {
    const github = await githubWithAcme({ members: 20 });
    addMember(github.world, 'acme', { login: 'owner', role: 'admin', public: true });
    const token = addToken(github.world, 'ghp_narrow', {
      kind: 'pat',
      userId: userOf(github.world, 'owner').id,
      scopes: ['repo'],
    });
    expect(await list(github, { credentials: { kind: 'token', token } })).toMatchObject({
      code: 'GITHUB_INCOMPLETE',
    });
  });

  test.each(['forbidden', 'publicOnly'] as const)(
    "the workflow's own token (%s)",
    async (withoutPermission) => {
      const github = await githubWithAcme({ members: 20 }, { withoutPermission });
      addMember(github.world, 'acme', { login: 'owner', role: 'admin', public: true });
      const token = addToken(github.world, 'ghs_actions', { kind: 'actions' });
      const listing = await list(github, { credentials: { kind: 'token', token }, inActions: true });
      expect(listing).toMatchObject({
        kind: 'incomplete',
        hint: expect.stringContaining("workflow's own GITHUB_TOKEN"),
      });
    },
  );

  test('the first owners left just now: the next one vouches', async () => {
    const github = await githubWithAcme({ owners: 4, members: 3 });
    github.onRequest = ({ path }) => {
      if (path === '/orgs/acme/memberships/owner') removeMember(github.world, 'acme', 'owner-00001');
    };
    github.faults.push({
      match: ({ path }) => path === '/orgs/acme/memberships/owner',
      do: { kind: 'answer', status: 404, body: { message: 'Not Found' } },
    });
    expect((await list(github)).kind).toBe('complete');
    const asked = github.requests
      .filter(({ path }) => path.includes('/memberships/'))
      .map(({ path }) => path.split('/').at(-1));
    expect(asked).toEqual(['owner', 'owner-00001', 'owner-00002']);
  });

  test('a token that is not authorised for single sign-on: the page where it can be', async () => {
    const github = await githubWithAcme({ members: 3 });
    orgOf(github.world, 'acme').samlSsoUrl = 'https://github.example/orgs/acme/sso?authorization_request=A1';
    expect(await list(github)).toMatchObject({
      kind: 'incomplete',
      code: 'GITHUB_AUTH',
      hint: expect.stringContaining('https://github.example/orgs/acme/sso?authorization_request=A1'),
    });
  });

  test('an organization that does not exist', async () => {
    const github = await githubWithAcme();
    expect(await openSource(github).source.listOrg('acmee')).toMatchObject({
      kind: 'incomplete',
      code: 'GITHUB_NOT_FOUND',
      message: expect.stringContaining('acmee'),
    });
  });

  test('one organization of two can be read', async () => {
    const github = await githubWithAcme({ members: 3 });
    const { source } = openSource(github);
    const [acme, gone] = await Promise.all([source.listOrg('acme'), source.listOrg('gone')]);
    expect(acme?.kind).toBe('complete');
    expect(gone?.kind).toBe('incomplete');
  });

  test('a token that is wrong is wrong for every organization', async () => {
    const github = await githubWithAcme();
    await expect(list(github, { credentials: { kind: 'token', token: 'ghp_wrong' } })).rejects.toMatchObject({
      code: 'GITHUB_AUTH',
      hint: expect.stringContaining('GH_TOKEN'),
    });
    // Nothing was repeated.
    expect(github.requests.length).toBeLessThanOrEqual(3);
  });
});

describe('what GitHub may hold', () => {
  test('invitations and outside collaborators are not members; suspended people are', async () => {
    const github = await githubWithAcme({ members: 2 });
    addMember(github.world, 'acme', { login: 'invited', state: 'pending' });
    const { id } = addMember(github.world, 'acme', { login: 'suspended' });
    github.world.users.set(id, { ...userOf(github.world, 'suspended'), suspended: true });
    const listing = told(await list(github));
    expect(listing).toEqual(truth(github));
    expect(listing).toHaveProperty('suspended');
    expect(listing).not.toHaveProperty('invited');
  });

  test('an organization with a single owner', async () => {
    const github = await githubWithAcme();
    expect(told(await list(github))).toEqual({ owner: 'admin' });
  });

  test('the id is the organization’s, whatever its name in another case', async () => {
    const github = await githubWithAcme({ members: 1 });
    renameOrg(github.world, 'acme', 'ACME');
    expect(await openSource(github).source.listOrg('Acme')).toMatchObject({
      kind: 'complete',
      id: orgOf(github.world, 'acme').id,
    });
  });

  test('the membership of a deleted account belongs to nobody', async () => {
    const github = await githubWithAcme({ members: 3 });
    deleteUser(github.world, 'member-00002');
    expect(told(await list(github))).toEqual({
      owner: 'admin',
      'member-00001': 'member',
      'member-00003': 'member',
    });
  });
});

describe('members of teams', () => {
  const NEEDS = { teams: ['core', 'platform'], collaborators: false, orgRoles: [] };

  test.each([
    { teamMemberRoles: true, requests: ['core', 'platform'] },
    // The first team shows that two passes are needed.
    {
      teamMemberRoles: false,
      requests: ['core', 'core maintainer', 'core member', 'platform maintainer', 'platform member'],
    },
  ])('have their roles, in one pass where GitHub tells them: $teamMemberRoles', async (world) => {
    const github = await githubWithAcme({ members: 2 });
    github.switches.teamMemberRoles = world.teamMemberRoles;
    addMember(github.world, 'acme', { login: 'lead' });
    addMember(github.world, 'acme', { login: 'child-lead' });
    addTeam(github.world, 'acme', { slug: 'platform', maintainers: ['lead'] });
    addTeam(github.world, 'acme', {
      slug: 'core',
      parent: 'platform',
      maintainers: ['child-lead'],
      members: ['lead'],
    });
    const listing = await openSource(github).source.listOrg('acme', NEEDS);
    if (listing.kind === 'incomplete') throw new Error(listing.message);
    const loginOf = (id: number): string | undefined => github.world.users.get(id)?.login;
    const roles = listing.teams.map(({ ref, members }) => [
      ref,
      Object.fromEntries([...members].map(([id, role]) => [loginOf(id), role])),
    ]);
    expect(Object.fromEntries(roles)).toEqual({
      core: { 'child-lead': 'maintainer', lead: 'member' },
      platform: { 'child-lead': 'member', lead: 'maintainer' },
    });
    const asked = github.requests.filter(({ path }) => path.endsWith('/members') && path.includes('/teams/'));
    expect(
      asked.map(({ path, query }) => [path.split('/')[4], query.role].filter(Boolean).join(' ')).sort(),
    ).toEqual(world.requests);
  });
});
