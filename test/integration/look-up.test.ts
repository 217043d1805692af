import { describe, expect, test } from 'vitest';
import {
  addMember,
  addOrg,
  deleteUser,
  type GitHubEmulator,
  orgOf,
  removeMember,
  renameUser,
  userOf,
} from '../../src/demo/github/github.ts';
import type { FaultAction } from '../../src/demo/server.ts';
import { heldFact } from '../../src/model/absence.ts';
import type { GitHubId } from '../../src/model/identity.ts';
import type { Lookup } from '../../src/model/member.ts';
import { githubWithAcme, openSource, orgIdOf, type SourceOptions } from '../support/adapters.ts';
import { absent } from '../support/builders.ts';

const LOGIN = 'member-00001';

const idOf = ({ world }: GitHubEmulator, login = LOGIN): GitHubId => userOf(world, login).id as GitHubId;

function lookUpOne(github: GitHubEmulator, id: GitHubId, options?: SourceOptions): Promise<Lookup> {
  const { source } = openSource(github, options);
  return source.lookUp(id, [{ org: 'acme', id: orgIdOf(github.world) }], [LOGIN]);
}

/** The role in `acme` that the lookup found; undefined for a proven absence, `unclear` where nothing was proven. */
const roleIn = (github: GitHubEmulator, lookup: Lookup): string | undefined =>
  lookup.kind === 'unclear' ? 'unclear' : heldFact(lookup.roles.get(orgIdOf(github.world)));

describe('looking up one person', () => {
  test.each([
    ['a member', () => undefined, 'member'],
    [
      'an owner',
      ({ world }: GitHubEmulator) => addMember(world, 'acme', { login: LOGIN, role: 'admin' }),
      'admin',
    ],
    ['someone who left', ({ world }: GitHubEmulator) => removeMember(world, 'acme', LOGIN), undefined],
    [
      'someone who is invited again',
      ({ world }: GitHubEmulator) => addMember(world, 'acme', { login: LOGIN, state: 'pending' }),
      undefined,
    ],
  ] as const)('%s', async (_, change, role) => {
    const github = await githubWithAcme({ members: 3 });
    change(github);
    const found = await lookUpOne(github, idOf(github));
    expect(found).toMatchObject({ id: idOf(github), login: LOGIN });
    expect(roleIn(github, found)).toBe(role);
  });

  test('a renamed person is found under the new login', async () => {
    const github = await githubWithAcme({ members: 3 });
    const id = idOf(github);
    renameUser(github.world, LOGIN, 'Renamed');
    const found = await lookUpOne(github, id);
    expect(found).toMatchObject({ login: 'Renamed' });
    expect(roleIn(github, found)).toBe('member');
  });

  test('a renamed person is not confused with the member who has taken the old login', async () => {
    const github = await githubWithAcme({ members: 3 });
    const id = idOf(github);
    renameUser(github.world, LOGIN, 'Renamed');
    removeMember(github.world, 'acme', 'Renamed');
    addMember(github.world, 'acme', { login: LOGIN, role: 'admin' });
    const found = await lookUpOne(github, id);
    expect(found).toMatchObject({ login: 'Renamed' });
    expect(roleIn(github, found)).toBeUndefined();
  });

  test('an account that is gone is in no organization', async () => {
    const github = await githubWithAcme({ members: 3 });
    const id = idOf(github);
    deleteUser(github.world, LOGIN);
    const found = await lookUpOne(github, id);
    expect(found).toMatchObject({ id, login: undefined, roles: new Map([[orgIdOf(github.world), absent]]) });
  });

  test('a login that someone else takes between the two requests gives no clear answer', async () => {
    const github = await githubWithAcme({ members: 3 });
    const id = idOf(github);
    github.onRequest = ({ path }) => {
      if (path !== `/orgs/acme/memberships/${LOGIN}`) return;
      renameUser(github.world, LOGIN, 'Renamed');
      addMember(github.world, 'acme', { login: LOGIN, role: 'admin' });
    };
    expect((await lookUpOne(github, id)).kind).toBe('unclear');
  });

  test("an answer about another id doesn't count", async () => {
    const github = await githubWithAcme({ members: 3 });
    github.faults.push({
      match: ({ path }) => path.startsWith('/user/'),
      do: { kind: 'answer', status: 200, body: { id: 1, login: LOGIN } },
    });
    expect((await lookUpOne(github, idOf(github))).kind).toBe('unclear');
  });

  test('a lookup that begins early asks nothing twice, and its witness answers after every 404', async () => {
    const github = await githubWithAcme({ members: 3 });
    const id = idOf(github);
    removeMember(github.world, 'acme', LOGIN);
    const { port } = openSource(github);
    const lookUp = port.beginLookUp([{ id, login: LOGIN, isLeaving: true }], ['acme']);
    await expect.poll(() => github.requests.filter(({ status }) => status > 0).length).toBe(3);
    // Whoever is a witness must still be one now.
    removeMember(github.world, 'acme', 'owner');
    const org = await port.readOrgWithoutMembers('acme', { teams: [], collaborators: false, orgRoles: [] });
    if (org.kind === 'incomplete') throw new Error('not read');
    const found = await lookUp([{ id, logins: [LOGIN] }], [org]);
    expect(found.get(id)?.kind).toBe('unclear');
    expect(github.requests.slice(3).map(({ path }) => path)).toEqual([
      '/orgs/acme',
      '/orgs/acme/memberships/owner',
    ]);
  });

  const unclear: Record<string, FaultAction> = {
    '403': { kind: 'answer', status: 403, body: { message: 'Resource not accessible by integration' } },
    '404 of a gateway': { kind: 'answer', status: 404, body: '<html>' },
    '404 of a gateway, in JSON': { kind: 'answer', status: 404, body: { error: 'no route' } },
    '404 about a witness as well': { kind: 'answer', status: 404, body: { message: 'Not Found' } },
    '500': { kind: 'answer', status: 500, body: null },
    '502 HTML': { kind: 'answer', status: 502, body: '<html>' },
    '410': { kind: 'answer', status: 410, body: {} },
    reset: { kind: 'reset', when: 'before' },
    hang: { kind: 'hang', when: 'before' },
    truncated: { kind: 'truncate' },
    null: { kind: 'answer', status: 200, body: null },
    '{}': { kind: 'answer', status: 200, body: {} },
    'a membership of nobody': { kind: 'answer', status: 200, body: { state: 'active', role: 'member' } },
    'a role that is not known': {
      kind: 'answer',
      status: 200,
      body: { state: 'active', role: 'emperor', user: { id: 1, login: 'x' } },
    },
  };
  const places = { account: '/user/', membership: '/orgs/acme/memberships/' };

  test.each(
    Object.entries(unclear).flatMap(([name, action]) =>
      Object.entries(places).map(([where, prefix]) => ({ name, where, prefix, action })),
    ),
  )('$name for the $where: says nothing about whether the person left', async ({ prefix, action }) => {
    const github = await githubWithAcme({ members: 3 });
    github.faults.push({ match: ({ path }) => path.startsWith(prefix), do: action });
    const found = await lookUpOne(github, idOf(github), {
      requestTimeoutMs: action.kind === 'hang' ? 50 : 10_000,
      retry: { retries: 1, firstWaitMs: 1, longestWaitMs: 1 },
    });
    // The membership under the last known login shows that the person is there, whatever GitHub says about the account.
    const isAnswered = prefix === '/user/' && action === unclear['404 about a witness as well'];
    expect(found.kind).toBe(isAnswered ? 'clear' : 'unclear');
  });

  test('an organization of several that gives no clear answer makes the whole lookup unclear', async () => {
    const github = await githubWithAcme({ members: 3 });
    const labs = addOrg(github.world, 'labs');
    addMember(github.world, 'labs', { login: LOGIN });
    const { source } = openSource(github);
    // `owner`, whose token it is, is not a member of labs.
    const found = await source.lookUp(idOf(github), [
      { org: 'acme', id: orgIdOf(github.world) },
      { org: 'labs', id: orgIdOf(github.world, 'labs') },
    ]);
    expect(found.kind).toBe('unclear');
    addMember(github.world, 'labs', { login: 'owner', role: 'admin' });
    const again = await source.lookUp(idOf(github), [
      { org: 'acme', id: orgIdOf(github.world) },
      { org: 'labs', id: orgIdOf(github.world, 'labs') },
    ]);
    expect(again).toMatchObject({
      roles: new Map([
        [orgIdOf(github.world), 'member'],
        [labs.id, 'member'],
      ]),
    });
  });

  test('a hundred lookups at once send at most forty requests at a time', async () => {
    const github = await githubWithAcme({ members: 100 });
    github.latencyMs = 5;
    const { source } = openSource(github);
    const ids = [...orgOf(github.world, 'acme').members.keys()] as GitHubId[];
    const lookups = await Promise.all(
      ids.map((id) => source.lookUp(id, [{ org: 'acme', id: orgIdOf(github.world) }])),
    );
    expect(lookups.every(({ kind }) => kind === 'clear')).toBe(true);
    expect(github.peakInFlight).toBeLessThanOrEqual(40);
    expect(github.requests).toHaveLength(202);
  });
});
