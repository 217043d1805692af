import { expect, test } from 'vitest';
import {
  addMember,
  addRepository,
  orgOf,
  renameUser,
  repositoryOf,
  userOf,
} from '../../src/demo/github/github.ts';
import { addPermitUser, addRole, grant, revoke } from '../../src/demo/permit/permit.ts';
import { openMirror } from '../support/mirror.ts';
import { openStage, type Stage, writes } from '../support/stage.ts';

const CONFIG = 'github: { orgs: [acme] }\nrepositories: {}\npolicy: {}\n';

/** GitHub's repositories in Permit, as a run brings them there. */
async function mirroredStage() {
  const { stage, run, reconcile } = await openMirror(CONFIG);
  expect((await reconcile()).code).toBe(0);
  const { github } = stage;
  const idOf = (name: string): number => repositoryOf(github.world, 'acme', name).id;
  const json = async (...args: readonly string[]) => {
    const ran = await run('verify', '-o', 'json', ...args);
    return { ...ran, document: JSON.parse(ran.stdout) };
  };
  return { ...stage, run, json, idOf };
}

/** A team that is linked to a repository. */
function linkedTeam({ world }: Stage['permit'], repository: string): string {
  const team = world.tuples.subjectsOf(repository, 'team_triage')[0];
  if (team === undefined) throw new Error(`no team may triage ${repository}`);
  return team;
}

test('GitHub and the PDP agree on every person, repository and level, and nothing is written', async () => {
  const { run, json, permit } = await mirroredStage();
  const before = writes(permit);
  const { code, stderr, document } = await json();
  expect([code, stderr]).toEqual([0, '']);
  expect(document).toMatchObject({ command: 'verify', status: 'verified', mismatches: [], warnings: [] });
  expect(document.repositories.map(({ name }: { name: string }) => name)).toEqual([
    ...['acme/handbook', 'acme/next.js', 'acme/payments-api'],
  ]);
  const asked = permit.requests.filter(({ method, path }) => method === 'POST' && !path.startsWith('/v2/'));
  expect(writes(permit) - before).toBe(asked.length);
  expect((await run('verify')).stdout).toMatch(/GitHub and the PDP agree on 3 repositories/);
});

test('people who may do more or less in Permit are named, with both explanations; exit 5', async () => {
  const { json, permit, idOf, github } = await mirroredStage();
  const repository = `repository:${idOf('payments-api')}`;
  revoke(permit.world, 'dan', `default/custom_deployer_write@${repository}`);
  grant(permit.world, 'cat', `default/maintainer@${repository}`);
  addRole(permit.world, 'auditor', ['repository:read']);
  addPermitUser(permit.world, { key: 'of-the-application', grants: ['default/auditor'] });
  permit.world.users.delete('guest');
  const { code, document } = await json();
  expect([code, document.status]).toEqual([5, 'mismatch']);
  expect(document.mismatches).toMatchObject([
    {
      ...{ repository: 'acme/payments-api', login: 'cat', user: 'cat' },
      github: {
        ...{ role: 'reader', level: 'read' },
        sources: [{ source: 'organization', name: 'acme', role: 'read' }],
      },
      permit: { allowed: ['read', 'triage', 'write', 'maintain'], paths: expect.anything() },
      differing: ['triage', 'write', 'maintain'],
    },
    {
      login: 'dan',
      github: {
        ...{ role: 'custom_deployer_write', level: 'write' },
        sources: [
          { source: 'organization', name: 'acme', role: 'read' },
          { source: 'repository', name: 'payments-api', role: 'deployer' },
        ],
      },
      permit: { allowed: ['read'], paths: [{ role: 'member', name: 'acme', relation: 'owner_read' }] },
      differing: ['triage', 'write'],
    },
    { login: 'guest', user: null, github: { level: 'write' }, differing: ['read', 'triage', 'write'] },
  ]);
  expect(document.mismatches).toHaveLength(3);
  expect(userOf(github.world, 'cat').id).toBe(document.mismatches[0].id);
});

test('a difference is reported even if GitHub does not say how it gives access', async () => {
  const { json, permit, idOf, github } = await mirroredStage();
  revoke(permit.world, 'dan', `default/custom_deployer_write@repository:${idOf('payments-api')}`);
  github.faults.push({
    match: ({ path }) => path === '/graphql',
    do: { kind: 'answer', status: 403, body: { message: 'Resource not accessible by integration' } },
  });
  const { code, document } = await json();
  expect(code).toBe(5);
  expect(document.mismatches).toMatchObject([{ login: 'dan', github: { level: 'write' } }]);
  expect(document.mismatches[0].github).not.toHaveProperty('sources');
});

test('a managed user who no longer exists on GitHub is found through the PDP', async () => {
  const { json, permit, github, idOf } = await mirroredStage();
  const { id } = userOf(github.world, 'dan');
  repositoryOf(github.world, 'acme', 'payments-api').collaborators.delete(id);
  orgOf(github.world, 'acme').members.delete(id);
  const { code, document } = await json('--repository', 'payments-api');
  expect(code).toBe(5);
  expect(document.mismatches).toMatchObject([
    {
      ...{ login: 'dan', github: null, differing: ['read', 'triage', 'write'] },
      permit: {
        paths: [
          { role: 'member', name: 'acme' },
          { role: 'custom_deployer_write', on: `repository:${idOf('payments-api')}` },
        ],
      },
    },
  ]);
  expect(permit.world.users.has('dan')).toBe(true);
});

test('a user that is not ours is named if it holds a role on the repository, or on what is linked to it', async () => {
  const { json, run, permit, idOf } = await mirroredStage();
  const repository = `repository:${idOf('payments-api')}`;
  addRole(permit.world, 'auditor', ['repository:read']);
  addPermitUser(permit.world, { key: 'by-its-tenant', grants: ['default/auditor'] });
  addPermitUser(permit.world, { key: 'extra', grants: [`default/writer@${repository}`] });
  addPermitUser(permit.world, {
    key: 'in-a-team',
    grants: [`default/member@${linkedTeam(permit, repository)}`],
  });
  const { code, document } = await json('--repository', 'payments-api');
  expect([code, document.status]).toEqual([5, 'mismatch']);
  expect(document.mismatches).toMatchObject([
    {
      ...{ login: 'extra', id: null, user: 'extra', github: null },
      permit: { allowed: ['read', 'triage', 'write'], paths: [{ role: 'writer', on: repository }] },
      differing: ['read', 'triage', 'write'],
    },
    { login: 'in-a-team', id: null, github: null },
  ]);
  expect((await run('verify', '--repository', 'payments-api')).stdout).toMatch(
    /\+ extra .*GitHub: no access\n +Permit: write, as a user that this tool does not manage\n/,
  );
});

test('a managed user whom GitHub does not list is found even if the PDP does not list it', async () => {
  const { json, permit, github } = await mirroredStage();
  const { id } = userOf(github.world, 'dan');
  repositoryOf(github.world, 'acme', 'payments-api').collaborators.delete(id);
  orgOf(github.world, 'acme').members.delete(id);
  permit.faults.push({
    match: ({ path }) => path === '/authorized_users',
    do: { kind: 'answer', status: 200, body: { resource: 'x', tenant: 'default', users: {} } },
  });
  const { code, document } = await json('--repository', 'payments-api');
  expect(code).toBe(5);
  expect(document.mismatches).toMatchObject([{ login: 'dan', github: null }]);
});

test('each of two users with the mark of one person is compared', async () => {
  const { json, permit, idOf } = await mirroredStage();
  const { attributes = {} } = permit.world.users.get('cat') ?? {};
  addPermitUser(permit.world, {
    ...{ key: 'a-second-cat', attributes },
    grants: [`default/admin@repository:${idOf('payments-api')}`],
  });
  const { code, document } = await json('--repository', 'payments-api');
  expect(code).toBe(5);
  expect(document.mismatches).toMatchObject([
    { login: 'cat', user: 'a-second-cat', github: { level: 'read' }, permit: { allowed: { length: 5 } } },
  ]);
});

test('someone who changed their login is named by both, and someone without a user is said to wait for one', async () => {
  const { json, run, permit, github, idOf } = await mirroredStage();
  renameUser(github.world, 'cat', 'lion');
  grant(permit.world, 'cat', `default/admin@repository:${idOf('payments-api')}`);
  permit.world.users.delete('guest');
  expect((await json('--repository', 'payments-api')).document.mismatches).toMatchObject([
    { login: 'guest', user: null },
    { login: 'lion', formerLogin: 'cat', user: 'cat' },
  ]);
  const { stdout } = await run('verify', '--repository', 'payments-api');
  expect(stdout).toContain('Permit: admin, under the former login cat\n');
  expect(stdout).toContain('Permit: no managed user yet, so no access\n');
});

test('a new owner of a login is distinguished from the user that still has it', async () => {
  const { run, json, permit, github } = await mirroredStage();
  const { id } = userOf(github.world, 'dan');
  repositoryOf(github.world, 'acme', 'payments-api').collaborators.delete(id);
  orgOf(github.world, 'acme').members.delete(id);
  renameUser(github.world, 'dan', 'dan-who-left');
  addMember(github.world, 'acme', { login: 'dan' });
  const { document } = await json('--repository', 'payments-api');
  expect(document.mismatches).toMatchObject([
    { login: 'dan', formerLogin: 'dan', id, user: 'dan', github: null },
    { login: 'dan', user: null, github: { level: 'read' } },
  ]);
  expect(permit.world.users.has('dan')).toBe(true);
  expect((await run('verify', '--repository', 'payments-api')).stdout).toContain(
    'Permit: write, under the former login dan\n',
  );
});

test.each([
  ['GitHub', ({ github }: Awaited<ReturnType<typeof mirroredStage>>) => github, '/collaborators'],
  ['the PDP', ({ permit }: Awaited<ReturnType<typeof mirroredStage>>) => permit, '/allowed/bulk'],
] as const)('what %s does not answer is unknown; exit 4', async (_, serviceOf, end) => {
  const stage = await mirroredStage();
  serviceOf(stage).faults.push({
    match: ({ path }) => path.endsWith(end),
    do: { kind: 'answer', status: 404, body: { message: 'Not Found', documentation_url: 'https://docs' } },
  });
  const { code, document } = await stage.json('--repository', 'handbook');
  expect([code, document.status]).toEqual([4, 'partial']);
  expect(document.repositories).toMatchObject([{ name: 'acme/handbook', outcome: 'unknown' }]);
});

test.each([
  [403, 'Must have push access to view repository collaborators.', 4],
  [401, 'Bad credentials', 1],
])(
  'GitHub answers %i about one repository: exit 4 only if it concerns no other',
  async (status, message, exit) => {
    const stage = await mirroredStage();
    const id = stage.idOf('handbook');
    stage.github.faults.push({
      match: ({ path }) => path.endsWith('/collaborators') && path.includes(`/${id}/`),
      do: { kind: 'answer', status, body: { message } },
    });
    const { code, document, stderr } = await stage.json();
    expect(code).toBe(exit);
    if (exit === 1) return expect(stderr).toContain('(GITHUB_AUTH)');
    expect(document.status).toBe('partial');
    expect(document.repositories).toMatchObject([
      { name: 'acme/handbook', outcome: 'unknown', error: { message: expect.stringContaining(message) } },
      { name: 'acme/next.js', outcome: 'compared' },
      { name: 'acme/payments-api', outcome: 'compared' },
    ]);
  },
);

test('a sample can be drawn again; names and seeds that fit nothing are refused', async () => {
  const { json, run, github } = await mirroredStage();
  for (let i = 0; i < 9; i++) addRepository(github.world, 'acme', { name: `more-${i}` });
  const names = async (...args: readonly string[]) =>
    (await json(...args)).document.repositories.map(({ name }: { name: string }) => name);
  const first = await json('--sample', '2');
  const { sample, repositories } = first.document;
  expect(sample).toMatchObject({ size: 2, of: 12 });
  expect(await names('--sample', '2', '--seed', sample.seed)).toEqual(
    repositories.map(({ name }: { name: string }) => name),
  );
  expect((await run('verify', '--repository', 'payment-api')).stderr).toContain(
    'did you mean "payments-api"?',
  );
  expect((await run('verify', '--repository', 'attic')).stderr).toContain('is archived');
  expect((await run('verify', '--seed', 'x')).stderr).toContain('--sample');
});

test('without mirrored repositories, verify refuses to run', async () => {
  const stage = await openStage();
  const ran = await stage.run(['verify']);
  expect([ran.code, ran.stderr]).toEqual([1, expect.stringContaining('mirrors no repositories')]);
});
