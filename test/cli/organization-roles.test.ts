import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import {
  addMember,
  addOrgRole,
  addTeam,
  addToken,
  OWNER_TOKEN,
  removeMember,
  userOf,
} from '../../src/demo/github/github.ts';
import { addRole } from '../../src/demo/permit/permit.ts';
import { emptyFolder } from '../support/program.ts';
import { openStage } from '../support/stage.ts';

const CONFIG = `
grants:
  - { subject: "github:acme:org-role:SECURITY_manager", roles: [auditor] }
  - { subject: "github:acme:org-role:Release Captain", roles: [releaser] }
  - { subject: "github:*:role:*", roles: [member] }
limits: { removals: 100%, demotions: 100% }
`;

/** Roles held directly, through a team, and both ways. */
async function openRoles(config = CONFIG) {
  const stage = await openStage();
  const { world } = stage.github;
  const scopes = ['admin:org'];
  addToken(world, OWNER_TOKEN, { kind: 'pat', userId: userOf(world, 'owner').id, scopes });
  for (const login of ['ann', 'ben', 'cleo', 'dora']) addMember(world, 'acme', { login });
  addTeam(world, 'acme', { slug: 'security', members: ['ben', 'cleo'] });
  const security = addOrgRole(world, 'acme', {
    name: 'security_manager',
    source: 'Predefined',
    users: ['ann', 'cleo'],
    teams: ['security'],
  });
  const captain = addOrgRole(world, 'acme', { name: 'Release Captain', users: ['dora'] });
  addOrgRole(world, 'acme', { name: 'all_repo_read', source: 'Predefined', users: ['dora'] });
  for (const role of ['auditor', 'releaser']) addRole(stage.permit.world, role);
  const cwd = emptyFolder();
  writeFileSync(join(cwd, 'gh-permit-sync.yaml'), config);
  return {
    ...stage,
    security,
    captain,
    id: (login: string): number => userOf(world, login).id,
    run: (...args: readonly string[]) => stage.run(args, { cwd }),
    holding: (role: string): readonly string[] =>
      Object.entries(stage.held()).flatMap(([key, { grants }]) =>
        grants.includes(`default/${role}`) ? [key] : [],
      ),
    asked: (): readonly string[] =>
      stage.github.requests.map(({ path }) => path).filter((path) => path.includes('organization-roles')),
  };
}

test('roles count whether held directly or through a team, in any case; only those that rules name are read', async () => {
  const stage = await openRoles();
  expect((await stage.run('reconcile')).code).toBe(0);
  expect(stage.holding('auditor')).toEqual(['ann', 'ben', 'cleo']);
  expect(stage.holding('releaser')).toEqual(['dora']);
  expect([...stage.asked()].sort()).toEqual([
    '/orgs/acme/organization-roles',
    `/orgs/acme/organization-roles/${stage.security.id}/users`,
    `/orgs/acme/organization-roles/${stage.captain.id}/users`,
  ]);
  expect(JSON.parse((await stage.run('reconcile', '-o', 'json')).stdout).status).toBe('in-sync');

  stage.security.users.delete(stage.id('ann'));
  const lost = JSON.parse((await stage.run('reconcile', '-o', 'json')).stdout);
  expect(lost).toMatchObject({ status: 'applied', changes: [{ kind: 'unassignRole', user: 'ann' }] });
  expect(stage.holding('auditor')).toEqual(['ben', 'cleo']);
  expect((await stage.run('explain', 'ben')).stdout).toContain('github:acme:org-role:security_manager');
});

test('without rules about them, roles are not asked for', async () => {
  const stage = await openRoles('owner: default\n');
  expect((await stage.run('reconcile')).code).toBe(0);
  expect(stage.asked()).toEqual([]);
});

test('who has left the organization holds none of its roles', async () => {
  const stage = await openRoles();
  await stage.run('reconcile');
  removeMember(stage.github.world, 'acme', 'dora');
  expect((await stage.run('reconcile')).code).toBe(0);
  expect(Object.keys(stage.held())).not.toContain('dora');
});

describe('nothing is taken', () => {
  type Broken = Awaited<ReturnType<typeof openRoles>>;
  const fail = ({ github }: Broken, end: string, status: number): void => {
    github.faults.push({
      match: ({ path }) => path.endsWith(end),
      do: { kind: 'answer', status, body: { message: status === 404 ? 'Not Found' : 'Forbidden' } },
    });
  };
  test.each<[string, (stage: Broken) => void, RegExp]>([
    [
      'a plan without organization roles',
      ({ github }) => {
        github.switches.organizationRoles = 'notFound';
      },
      /TEAM_UNREADABLE.*its plan or server has none/s,
    ],
    [
      'a credential that may not read them',
      (stage) => fail(stage, '/organization-roles', 403),
      /TEAM_UNREADABLE.*could not be read/s,
    ],
    [
      'one role that can not be read',
      (stage) => fail(stage, `/${stage.security.id}/users`, 403),
      /TEAM_UNREADABLE.*holders of the organization role security_manager/s,
    ],
    [
      'a role that was renamed',
      ({ github, security }) =>
        void addOrgRole(github.world, 'acme', { ...security, name: 'guardian', users: [], teams: [] }),
      /TEAM_UNREADABLE.*acme has no organization role security_manager; it has .*guardian/s,
    ],
    [
      'a list that became empty, with a 200',
      ({ security }) => {
        security.users.clear();
        security.teams.clear();
      },
      /LOOKUP_FAILED.*an empty list proves nothing/s,
    ],
  ])('because of %s', async (_, breakIt, says) => {
    const stage = await openRoles();
    await stage.run('reconcile');
    breakIt(stage);
    const ran = await stage.run('reconcile');
    expect(ran.code).toBe(4);
    expect(ran.stdout + ran.stderr).toMatch(says);
    expect(stage.holding('auditor')).toEqual(['ann', 'ben', 'cleo']);
    expect(stage.holding('releaser')).toEqual(['dora']);
  });
});

test('a list that misses someone takes nothing: it is read again', async () => {
  const stage = await openRoles();
  await stage.run('reconcile');
  const ann = stage.id('ann');
  let readings = 0;
  stage.github.onRequest = ({ path }) => {
    if (!path.endsWith(`/${stage.security.id}/users`)) return;
    readings += 1;
    if (readings === 1) stage.security.users.delete(ann);
    else stage.security.users.add(ann);
  };
  const ran = await stage.run('reconcile');
  expect(ran.code).toBe(0);
  expect(ran.stdout).toContain('KEPT_UNCONFIRMED');
  expect(stage.holding('auditor')).toContain('ann');
});

test('doctor lists what exists, and warns of a role that does not', async () => {
  const stage = await openRoles(CONFIG.replace('Release Captain', 'captain'));
  const { stdout } = await stage.run('doctor');
  expect(stdout).toContain(
    'acme has the organization roles security_manager, Release Captain and all_repo_read',
  );
  expect(stdout).toContain('acme has no organization role captain, which the rules name');
  stage.github.switches.organizationRoles = 'notFound';
  expect((await stage.run('doctor')).stdout).toContain('the organization roles of acme could not be read');
});
