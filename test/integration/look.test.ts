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
} from '../../src/emulator/github.ts';
import type { FaultAction } from '../../src/emulator/server.ts';
import type { GitHubId } from '../../src/model/identity.ts';
import type { Look } from '../../src/model/member.ts';
import { githubWithAcme, openSource, orgIdOf, type SourceOptions } from '../support/adapters.ts';

const LOGIN = 'member-00001';

const idOf = ({ world }: GitHubEmulator, login = LOGIN): GitHubId => userOf(world, login).id as GitHubId;

function lookAt(github: GitHubEmulator, id: GitHubId, options?: SourceOptions): Promise<Look | undefined> {
  const { source } = openSource(github, options);
  return source.look(id, [{ org: 'acme', id: orgIdOf(github.world) }]);
}

/** The role in `acme` that the look found; `unclear` where there was no look. */
const roleIn = (github: GitHubEmulator, look: Look | undefined): string | undefined =>
  look === undefined ? 'unclear' : look.roles.get(orgIdOf(github.world));

describe('a look at one person', () => {
  test.each([
    ['a member', () => undefined, 'member'],
    [
      'an owner',
      ({ world }: GitHubEmulator) => addMember(world, 'acme', { login: LOGIN, role: 'admin' }),
      'admin',
    ],
    ['somebody who left', ({ world }: GitHubEmulator) => removeMember(world, 'acme', LOGIN), undefined],
    [
      'somebody who is invited again',
      ({ world }: GitHubEmulator) => addMember(world, 'acme', { login: LOGIN, state: 'pending' }),
      undefined,
    ],
  ] as const)('%s', async (_, change, role) => {
    const github = await githubWithAcme({ members: 3 });
    change(github);
    const look = await lookAt(github, idOf(github));
    expect(look).toMatchObject({ id: idOf(github), login: LOGIN });
    expect(roleIn(github, look)).toBe(role);
  });

  test('somebody renamed answers under the new login', async () => {
    const github = await githubWithAcme({ members: 3 });
    const id = idOf(github);
    renameUser(github.world, LOGIN, 'Renamed');
    const look = await lookAt(github, id);
    expect(look?.login).toBe('Renamed');
    expect(roleIn(github, look)).toBe('member');
  });

  test('somebody renamed whose old login another member has taken: no mix-up', async () => {
    const github = await githubWithAcme({ members: 3 });
    const id = idOf(github);
    renameUser(github.world, LOGIN, 'Renamed');
    removeMember(github.world, 'acme', 'Renamed');
    addMember(github.world, 'acme', { login: LOGIN, role: 'admin' });
    const look = await lookAt(github, id);
    expect(look?.login).toBe('Renamed');
    expect(roleIn(github, look)).toBeUndefined();
  });

  test('an account that is gone is in no organization', async () => {
    const github = await githubWithAcme({ members: 3 });
    const id = idOf(github);
    deleteUser(github.world, LOGIN);
    const look = await lookAt(github, id);
    expect(look).toMatchObject({
      id,
      login: undefined,
      roles: new Map([[orgIdOf(github.world), undefined]]),
    });
  });

  test('a login that somebody else takes between the two requests gives no clear answer', async () => {
    const github = await githubWithAcme({ members: 3 });
    const id = idOf(github);
    github.onRequest = ({ path }) => {
      if (path !== `/orgs/acme/memberships/${LOGIN}`) return;
      renameUser(github.world, LOGIN, 'Renamed');
      addMember(github.world, 'acme', { login: LOGIN, role: 'admin' });
    };
    expect(await lookAt(github, id)).toBeUndefined();
  });

  test('an answer about another id is no answer', async () => {
    const github = await githubWithAcme({ members: 3 });
    github.faults.push({
      match: ({ path }) => path.startsWith('/user/'),
      do: { kind: 'answer', status: 200, body: { id: 1, login: LOGIN } },
    });
    expect(await lookAt(github, idOf(github))).toBeUndefined();
  });

  const unclear: Record<string, FaultAction> = {
    '403': { kind: 'answer', status: 403, body: { message: 'Resource not accessible by integration' } },
    '401': { kind: 'answer', status: 401, body: { message: 'Bad credentials' } },
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
  )('$name for the $where: not one word on whether the person left', async ({ prefix, action }) => {
    const github = await githubWithAcme({ members: 3 });
    github.faults.push({ match: ({ path }) => path.startsWith(prefix), do: action });
    expect(
      await lookAt(github, idOf(github), {
        requestTimeoutMs: 50,
        retry: { retries: 1, firstWaitMs: 1, longestWaitMs: 1 },
      }),
    ).toBeUndefined();
  });

  test('an organization of several that gives no clear answer makes the whole look unclear', async () => {
    const github = await githubWithAcme({ members: 3 });
    const labs = addOrg(github.world, 'labs');
    addMember(github.world, 'labs', { login: LOGIN });
    const { source } = openSource(github);
    // `owner`, whose token it is, is no member of labs.
    const look = await source.look(idOf(github), [
      { org: 'acme', id: orgIdOf(github.world) },
      { org: 'labs', id: orgIdOf(github.world, 'labs') },
    ]);
    expect(look).toBeUndefined();
    addMember(github.world, 'labs', { login: 'owner', role: 'admin' });
    const again = await source.look(idOf(github), [
      { org: 'acme', id: orgIdOf(github.world) },
      { org: 'labs', id: orgIdOf(github.world, 'labs') },
    ]);
    expect(again?.roles).toEqual(
      new Map([
        [orgIdOf(github.world), 'member'],
        [labs.id, 'member'],
      ]),
    );
  });

  test('a hundred looks at once keep to ten requests at a time', async () => {
    const github = await githubWithAcme({ members: 100 });
    github.latencyMs = 5;
    const { source } = openSource(github);
    const ids = [...orgOf(github.world, 'acme').members.keys()] as GitHubId[];
    const looks = await Promise.all(
      ids.map((id) => source.look(id, [{ org: 'acme', id: orgIdOf(github.world) }])),
    );
    expect(looks.every((look) => look !== undefined)).toBe(true);
    expect(github.peakInFlight).toBeLessThanOrEqual(10);
    expect(github.requests).toHaveLength(202);
  });
});
