// Absence is never proof by itself (CONTRACT §6.2): GitHub answers 404 about people who are still there.
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import {
  addMember,
  addOrg,
  addTeam,
  addTeamMember,
  addUser,
  deleteUser,
  orgOf,
  removeMember,
  renameUser,
  userOf,
} from '../../src/demo/github/github.ts';
import { addRole } from '../../src/demo/permit/permit.ts';
import type { Fault, FaultAction, FaultRequest } from '../../src/demo/server.ts';
import { agreedStage, folderWith, people, reconcileJson, told } from '../support/agreement.ts';
import { type DrainStage, drain, idOf, syncedStage } from '../support/queue-stage.ts';
import { useRedis } from '../support/redis.ts';
import type { Stage } from '../support/stage.ts';

const redis = useRedis();

const NOT_FOUND: FaultAction = {
  kind: 'answer',
  status: 404,
  body: { message: 'Not Found', documentation_url: 'https://docs.github.com/rest', status: '404' },
};
const GATEWAY_PAGE: FaultAction = { kind: 'answer', status: 404, body: '<html><h1>404</h1></html>' };
const GATEWAY_JSON: FaultAction = { kind: 'answer', status: 404, body: { error: 'no route' } };

const answering = (where: RegExp, action: FaultAction): Fault => ({
  match: ({ path }: FaultRequest) => where.test(path),
  do: action,
});

const MEMBERSHIPS = /^\/orgs\/[^/]+\/memberships\//;
const ACCOUNTS = /^\/user\/\d+$/;

/** Few enough among so many that looking them up costs less than listing everyone. */
const FEW = people(3, 5);
const MANY = 450;

async function hearOfFew(stage: DrainStage): Promise<void> {
  // An event that says nothing of whether they are in, so that no answer contradicts it.
  for (const login of FEW) await stage.hear(login, idOf(stage, login), { action: 'renamed' });
}

const keys = (stage: Stage): readonly string[] => Object.keys(stage.held());

/** Nobody lost anything, the report says that people could not be looked up, and every entry still waits. */
async function expectNothingTaken(stage: DrainStage, action: () => ReturnType<typeof drain>): Promise<void> {
  const before = stage.held();
  const { code, json } = await action();
  expect(stage.held()).toEqual(before);
  expect(json.warnings.map(({ code: one }) => one)).toContain('LOOKUP_FAILED');
  expect({ code, status: json.status }).toEqual({ code: 4, status: 'partial' });
  expect(json.queue).toMatchObject({ settled: 0, failed: 0, waiting: FEW.length });
}

describe('a drain takes nothing from active members', () => {
  test.each([
    ['every membership answers 404 for a while (PyGithub#1704)', MEMBERSHIPS, NOT_FOUND],
    ['a gateway answers 404 with a page', MEMBERSHIPS, GATEWAY_PAGE],
    ['a gateway answers 404 with JSON of its own', MEMBERSHIPS, GATEWAY_JSON],
    [
      'a gateway answers 404 about accounts and memberships',
      /^\/(user|orgs\/[^/]+\/memberships)\//,
      GATEWAY_PAGE,
    ],
    ['accounts and memberships both answer 404', /^\/(user|orgs\/[^/]+\/memberships)\//, NOT_FOUND],
  ] as const)('while %s', async (_, where, action) => {
    const stage = await syncedStage(redis, MANY);
    await hearOfFew(stage);
    stage.github.faults.push(answering(where, action));
    await expectNothingTaken(stage, () => drain(stage));

    stage.github.faults.length = 0;
    removeMember(stage.github.world, 'acme', 'person-0003');
    expect((await drain(stage)).json.queue).toMatchObject({ waiting: 0 });
    expect(keys(stage)).not.toContain('person-0003');
    expect(keys(stage)).toEqual(expect.arrayContaining(FEW.slice(1)));
  });

  test('whose accounts answer 404: the membership under the last known login says that they are there', async () => {
    const stage = await syncedStage(redis, MANY);
    await hearOfFew(stage);
    stage.github.faults.push(answering(ACCOUNTS, NOT_FOUND));
    const before = stage.held();
    const { code, json } = await drain(stage);
    expect({ code, waiting: json.queue.waiting }).toEqual({ code: 0, waiting: 0 });
    expect(stage.held()).toEqual(before);
  });

  test('no matter which login an entry names: a forged one is not a last known login', async () => {
    const stage = await syncedStage(redis, MANY);
    await stage.hear('nobody-is-called-so', idOf(stage, 'person-0003'), { action: 'renamed' });
    stage.github.faults.push(answering(ACCOUNTS, NOT_FOUND));
    const before = stage.held();
    await drain(stage);
    expect(stage.held()).toEqual(before);
  });

  test('of an organization that was renamed after the first request', async () => {
    const stage = await syncedStage(redis, MANY);
    await hearOfFew(stage);
    stage.github.faults.push({
      match: ({ path, nth }) => (path === '/orgs/acme' ? nth > 1 : path.startsWith('/orgs/acme/')),
      do: NOT_FOUND,
    });
    await expectNothingTaken(stage, () => drain(stage));
  });

  test('of an organization whose freed name a stranger has taken, and it promotes nobody', async () => {
    const stage = await syncedStage(redis, MANY);
    await hearOfFew(stage);
    const { world } = stage.github;
    const earlier = stage.github.requests.length;
    const isOrgRead = (): boolean =>
      stage.github.requests
        .slice(earlier)
        .some(({ path, status }) => path === '/orgs/acme' && status === 200);
    stage.github.onRequest = async ({ path }) => {
      if (!MEMBERSHIPS.test(path)) return;
      // Memberships are asked at the same time as the organization: they are answered after it.
      while (!isOrgRead()) await sleep(5);
      if (orgOf(world, 'acme').id === 666_000) return;
      world.orgs.delete('acme');
      addOrg(world, 'acme', 666_000);
      for (const login of ['owner', 'person-0003']) addMember(world, 'acme', { login, role: 'admin' });
    };
    await expectNothingTaken(stage, () => drain(stage));
  });
});

describe('a leaver still leaves', () => {
  test.each([
    ['removed', (stage: DrainStage) => removeMember(stage.github.world, 'acme', 'person-0003')],
    ['whose account was deleted', (stage: DrainStage) => deleteUser(stage.github.world, 'person-0003')],
    [
      'renamed and removed',
      (stage: DrainStage) => {
        renameUser(stage.github.world, 'person-0003', 'renamed');
        removeMember(stage.github.world, 'acme', 'renamed');
      },
    ],
  ] as const)('%s, by a drain and by a full run', async (_, leave) => {
    const stage = await syncedStage(redis, MANY);
    const id = idOf(stage, 'person-0003');
    leave(stage);
    await stage.hear('person-0003', id);
    expect((await drain(stage)).code).toBe(0);
    expect(keys(stage)).not.toContain('person-0003');

    const full = await agreedStage(20);
    removeMember(full.github.world, 'acme', 'person-0004');
    expect((await full.run(['reconcile'])).code).toBe(0);
    expect(keys(full)).not.toContain('person-0004');
  });

  test('and the proof costs two requests per organization, no matter how many leave', async () => {
    const stage = await agreedStage(20);
    for (const login of people(4, 7)) removeMember(stage.github.world, 'acme', login);
    expect((await stage.run(['reconcile'])).code).toBe(0);
    // Listing: organization, two pages, a witness. Then account and membership of each, and the proof.
    expect(stage.github.requests).toHaveLength(4 + 2 * 4 + 2);
  });
});

describe('a full run', () => {
  test('keeps a member that the listing missed and whose account answers 404', async () => {
    const stage = await agreedStage(20);
    const { world } = stage.github;
    const { id } = userOf(world, 'person-0004');
    const { members } = orgOf(world, 'acme');
    const membership = members.get(id);
    stage.github.onRequest = ({ path }) => {
      if (path === '/orgs/acme/members') members.delete(id);
      else if (membership) members.set(id, membership);
    };
    stage.github.faults.push(answering(new RegExp(`^/user/${id}$`), NOT_FOUND));
    const ran = await stage.run(reconcileJson());
    expect(ran.code).toBe(0);
    expect(told(ran).warnings.map(({ code }) => code)).toContain('KEPT_UNCONFIRMED');
    expect(keys(stage)).toContain('person-0004');
  });

  test('keeps everyone when the second lookups meet an outage that answers 404', async () => {
    const stage = await agreedStage(40);
    const before = stage.held();
    for (const login of people(4, 7)) removeMember(stage.github.world, 'acme', login);
    stage.github.onRequest = ({ path }) => {
      if (ACCOUNTS.test(path) && stage.github.faults.length === 0)
        stage.github.faults.push(answering(MEMBERSHIPS, NOT_FOUND));
    };
    const ran = await stage.run(reconcileJson());
    expect({ code: ran.code, status: told(ran).status }).toEqual({ code: 4, status: 'partial' });
    expect(told(ran).warnings.map(({ code }) => code)).toContain('LOOKUP_FAILED');
    expect(stage.held()).toEqual(before);
  });

  test('takes nothing on a 404 about someone that its own listing still shows', async () => {
    const stage = await agreedStage(20, 3);
    addMember(stage.github.world, 'acme', { login: 'person-0002', role: 'member' });
    stage.github.faults.push(answering(/memberships\/person-0002$/, NOT_FOUND));
    const ran = await stage.run(reconcileJson());
    expect(ran.code).toBe(0);
    expect(told(ran).warnings.map(({ code }) => code)).toEqual(['KEPT_UNCONFIRMED']);
    // Everything that this run could do is done, but a loss is open: neither partly done (exit 4) nor in sync.
    expect(told(ran).status).toBe('applied');
    const again = await stage.run(reconcileJson());
    expect(again.code).toBe(0);
    expect(told(again)).toMatchObject({ status: 'applied', changes: [] });
    const dry = await stage.run(reconcileJson('--dry-run', '--detailed-exitcode'));
    expect({ code: dry.code, status: told(dry).status }).toEqual({ code: 0, status: 'pending' });
    expect(stage.held()['person-0002']?.grants).toContain('default/admin');
  });
});

describe('when GitHub does not answer the second lookup', () => {
  test.each([
    ['403', { kind: 'answer', status: 403, body: { message: 'Resource not accessible' } }],
    ['451', { kind: 'answer', status: 451, body: { message: 'Unavailable For Legal Reasons' } }],
    ['422', { kind: 'answer', status: 422, body: { message: 'Validation Failed' } }],
    ['200 null', { kind: 'answer', status: 200, body: null }],
    [
      'a rate limit beyond --timeout',
      { kind: 'answer', status: 429, headers: { 'retry-after': '86400' }, body: { message: 'rate limit' } },
    ],
  ] satisfies readonly (readonly [string, FaultAction])[])(
    '(%s), the run does not claim success',
    async (_, action) => {
      const stage = await agreedStage(20);
      removeMember(stage.github.world, 'acme', 'person-0004');
      stage.github.faults.push(answering(ACCOUNTS, action));
      for (const more of [[], ['--dry-run']]) {
        const ran = await stage.run(reconcileJson('--timeout', '30s', ...more));
        expect({ code: ran.code, status: told(ran).status }).toEqual({ code: 4, status: 'partial' });
        expect(told(ran).warnings).toContainEqual(
          expect.objectContaining({
            code: 'LOOKUP_FAILED',
            message: expect.stringContaining('person-0004'),
          }),
        );
      }
      expect(keys(stage)).toContain('person-0004');
    },
  );

  test('(401), the credential is to blame', async () => {
    const stage = await agreedStage(20);
    removeMember(stage.github.world, 'acme', 'person-0004');
    stage.github.faults.push(
      answering(ACCOUNTS, { kind: 'answer', status: 401, body: { message: 'Bad credentials' } }),
    );
    const ran = await stage.run(reconcileJson());
    expect({ code: ran.code, error: told(ran).error?.code }).toEqual({ code: 1, error: 'GITHUB_AUTH' });
    expect(keys(stage)).toContain('person-0004');
  });

  test('about one person, everyone else is still handled', async () => {
    const stage = await agreedStage(20);
    for (const login of ['person-0004', 'person-0005']) removeMember(stage.github.world, 'acme', login);
    const { id } = addUser(stage.github.world, 'person-0004');
    stage.github.faults.push(answering(new RegExp(`^/user/${id}$`), GATEWAY_PAGE));
    const ran = await stage.run(reconcileJson());
    expect(ran.code).toBe(4);
    expect(keys(stage)).toContain('person-0004');
    expect(keys(stage)).not.toContain('person-0005');
  });
});

describe('teams', () => {
  const CONFIG = `
github: { orgs: [acme] }
users: { key: "{login}" }
grants:
  - { subject: "github:acme:role:member", roles: [member] }
  - { subject: "github:acme:team:platform:*", roles: [deployer] }
`;

  async function inTeam(): Promise<{ readonly stage: Stage; readonly cwd: string }> {
    const stage = await agreedStage(12);
    addRole(stage.permit.world, 'deployer');
    addTeam(stage.github.world, 'acme', { slug: 'platform' });
    for (const login of people(3, 6)) addTeamMember(stage.github.world, 'acme', 'platform', login);
    const cwd = folderWith(CONFIG);
    expect(
      (await stage.run(['reconcile', '--allow-removals', '1', '--allow-floor', 'default/admin=0'], { cwd }))
        .code,
    ).toBe(0);
    expect(stage.held()['person-0003']?.grants).toContain('default/deployer');
    return { stage, cwd };
  }

  test('a team renamed between the listing and the lookup takes nothing permanently', async () => {
    const { stage, cwd } = await inTeam();
    const team = [...orgOf(stage.github.world, 'acme').teams.values()].find(
      ({ slug }) => slug === 'platform',
    );
    if (team === undefined) throw new Error('no team');
    team.members.delete(idOf(stage, 'person-0003'));
    stage.github.faults.push(answering(/^\/orgs\/acme\/teams\/platform(\/memberships\/.*)?$/, NOT_FOUND));
    const ran = await stage.run(reconcileJson(), { cwd });
    expect(ran.code).toBe(4);
    expect(stage.held()['person-0003']?.grants).toContain('default/deployer');

    stage.github.faults.length = 0;
    expect((await stage.run(['reconcile'], { cwd })).code).toBe(0);
    expect(stage.held()['person-0003']?.grants).not.toContain('default/deployer');
  });

  test('a 404 about someone that the list of the team still shows takes nothing', async () => {
    const { stage, cwd } = await inTeam();
    addMember(stage.github.world, 'acme', { login: 'person-0003', role: 'admin' });
    stage.github.faults.push(answering(/teams\/platform\/memberships\/person-0003$/, NOT_FOUND));
    await stage.run(reconcileJson('--allow-demotions', '9', '--allow-removals', '9'), { cwd });
    expect(stage.held()['person-0003']?.grants).toContain('default/deployer');
  });
});

describe('outside collaborators', () => {
  const CONFIG = `
github: { orgs: [acme] }
users: { key: "{login}" }
grants:
  - { subject: "github:acme:role:admin", roles: [admin] }
  - { subject: "github:acme:role:member", roles: [member] }
  - { subject: "github:acme:collaborator", roles: [guest] }
`;

  test('an empty list with a 200 proves nothing', async () => {
    const stage = await agreedStage(12);
    addRole(stage.permit.world, 'guest');
    const { world } = stage.github;
    const { outsideCollaborators } = orgOf(world, 'acme');
    const outsiders = ['out-1', 'out-2'].map((login) => addUser(world, login).id);
    for (const id of outsiders) outsideCollaborators.set(id, true);
    const cwd = folderWith(CONFIG);
    expect((await stage.run(['reconcile'], { cwd })).code).toBe(0);
    const before = stage.held();

    outsideCollaborators.clear();
    const ran = await stage.run(reconcileJson('--allow-removals', '9'), { cwd });
    expect({ code: ran.code, status: told(ran).status }).toEqual({ code: 4, status: 'partial' });
    expect(stage.held()).toEqual(before);

    outsideCollaborators.set(outsiders[0] ?? 0, true);
    expect((await stage.run(['reconcile', '--allow-removals', '9'], { cwd })).code).toBe(0);
    expect(keys(stage)).toContain('out-1');
    expect(keys(stage)).not.toContain('out-2');
  });

  test("an empty list doesn't block people who hold nothing that depends on it", async () => {
    const stage = await agreedStage(12);
    addRole(stage.permit.world, 'guest');
    removeMember(stage.github.world, 'acme', 'person-0003');
    const { code } = await stage.run(['reconcile'], { cwd: folderWith(CONFIG) });
    expect({ code, keys: keys(stage) }).toEqual({
      code: 0,
      keys: expect.not.arrayContaining(['person-0003']),
    });
  });

  test('a drain recognizes, from the list, a collaborator whose account GitHub hides', async () => {
    const stage = await syncedStage(redis, MANY);
    addRole(stage.permit.world, 'guest');
    const { world } = stage.github;
    const outsiders = ['out-1', 'out-2'].map((login) => addUser(world, login).id);
    for (const id of outsiders) orgOf(world, 'acme').outsideCollaborators.set(id, true);
    const cwd = folderWith(`redis: { prefix: "${stage.prefix}" }${CONFIG}`);
    expect((await stage.run(['reconcile'], { cwd })).code).toBe(0);
    const before = stage.held();

    stage.github.faults.push(answering(new RegExp(`^/user/${outsiders[0]}$`), NOT_FOUND));
    await stage.hear('out-1', idOf(stage, 'out-1'), { action: 'renamed' });
    expect((await stage.run(['drain', '--settle', '0'], { cwd })).code).toBe(0);
    expect(stage.held()).toEqual(before);
  });
});
