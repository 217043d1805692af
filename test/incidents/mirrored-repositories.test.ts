import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import {
  addMember,
  addRepository,
  addTeam,
  addUser,
  changeRepository,
  deleteRepository,
  OWNER_TOKEN,
  orgOf,
  removeMember,
  removeTeamMember,
  renameRepository,
  renameUser,
  repositoryOf,
  setCollaborator,
  teamOf,
} from '../../src/demo/github/github.ts';
import { addInstance, addPermitUser, grant, poison } from '../../src/demo/permit/permit.ts';
import { tupleId } from '../../src/model/repositories/graph.ts';
import { folderWith } from '../support/agreement.ts';
import { MIRROR_CONFIG, openMirror } from '../support/mirror.ts';
import { pdpMismatches } from '../support/parity.ts';
import { addTuple } from '../support/repository-world.ts';
import { type Stage, writes } from '../support/stage.ts';

/** A mirror after its first run. */
async function openSynced(config?: string, prepare?: (stage: Stage) => void) {
  const mirror = await openMirror(config, prepare);
  return { ...mirror, first: await mirror.reconcile() };
}
type Mirror = Awaited<ReturnType<typeof openSynced>>;

const permitState = ({ permit }: Stage) => ({
  tuples: [...permit.world.tuples.keys()].sort(),
  instances: [...permit.world.instances.keys()].sort(),
});

/** A change of a report, without how it ended. */
const unended = ({ outcome: _outcome, why: _why, ...change }: Readonly<Record<string, unknown>>) => change;

describe('operator mistakes and bad luck', () => {
  test.each<readonly [what: string, happens: (mirror: Mirror) => unknown]>([
    [
      'someone whose only access is one repository',
      ({ stage: { github } }) => {
        addUser(github.world, 'stranger');
        setCollaborator(github.world, 'acme', 'handbook', 'stranger', 'read');
      },
    ],
    [
      'a repository is deleted and made again under its name',
      ({ stage: { github } }) => {
        deleteRepository(github.world, 'acme', 'payments-api');
        addRepository(github.world, 'acme', { name: 'payments-api', collaborators: { guest: 'read' } });
      },
    ],
    [
      'a person with access is renamed: every grant goes along',
      ({ stage: { github } }) => void renameUser(github.world, 'dan', 'daniel'),
    ],
    [
      'a role given by hand on an instance of ours',
      async ({ stage }) => {
        const id = repositoryOf(stage.github.world, 'acme', 'handbook').id;
        const user = stage.permit.world.users.get('eve');
        expect(user).toBeDefined();
        await give(stage, 'eve', 'admin', `repository:${id}`);
      },
    ],
    [
      'a link made by hand to a repository of ours',
      async ({ stage }) => {
        const id = repositoryOf(stage.github.world, 'acme', 'next.js').id;
        const team = [...stage.permit.world.instances.keys()].find((name) => name.startsWith('github_team:'));
        await post(stage, 'relationship_tuples', {
          ...{ subject: team, relation: 'team_admin', object: `repository:${id}`, tenant: 'default' },
        });
      },
    ],
  ])('%s', async (_, happens) => {
    const mirror = await openSynced();
    await happens(mirror);
    const second = await mirror.reconcile();
    expect(second, JSON.stringify(second.warnings)).toMatchObject({ code: 0, status: 'applied' });
    expect(await pdpMismatches(mirror.stage)).toEqual([]);
    expect(await mirror.reconcile()).toMatchObject({ code: 0, status: 'in-sync', changes: [] });
  });

  test('with onLeave: unassign a leaver keeps the user and nothing else', async () => {
    const { stage, reconcile } = await openSynced(`${MIRROR_CONFIG}users: { onLeave: unassign }\n`);
    removeMember(stage.github.world, 'acme', 'ben');
    setCollaborator(stage.github.world, 'acme', 'payments-api', 'guest', undefined);
    expect(await reconcile()).toMatchObject({ code: 0, status: 'applied' });
    expect(stage.held()).toMatchObject({ ben: { grants: [] }, guest: { grants: [] } });
    expect(await pdpMismatches(stage)).toEqual([]);
  });

  test('a leaver is deleted, no matter what they held', async () => {
    const { stage, reconcile } = await openSynced();
    removeMember(stage.github.world, 'acme', 'dan');
    setCollaborator(stage.github.world, 'acme', 'payments-api', 'dan', undefined);
    expect(await reconcile()).toMatchObject({ code: 0, status: 'applied' });
    expect(stage.held()).not.toHaveProperty('dan');
  });

  test('adopted users who hold access already get no more and no less', async () => {
    const { stage, first } = await openSynced(`${MIRROR_CONFIG}users: { adopt: plain }\n`, ({ permit }) => {
      addPermitUser(permit.world, { key: 'guest', attributes: {}, grants: [] });
    });
    expect(first, first.stderr).toMatchObject({ code: 0 });
    expect(await pdpMismatches(stage)).toEqual([]);
  });

  test.each([
    ['without our mark', {}],
    [
      'of another owner',
      { managed_by: 'gh-permit-sync:other', github_id: 1, github_org: 1, github_name: 'x' },
    ],
  ])('an instance %s is left alone, and everything else continues', async (_, attributes) => {
    let name = '';
    const { stage, first } = await openSynced(MIRROR_CONFIG, ({ github, permit }) => {
      name = `repository:${repositoryOf(github.world, 'acme', 'payments-api').id}`;
      addInstance(permit.world, name, 'default');
      const made = permit.world.instances.get(name);
      if (made) permit.world.instances.set(name, { ...made, attributes });
    });
    expect(first.code).toBe(4);
    expect(stage.permit.world.instances.get(name)?.attributes).toEqual(attributes);
    expect([...stage.permit.world.tuples.keys()].filter((text) => text.includes(name))).toEqual([]);
    expect((await pdpMismatches(stage)).filter((text) => !text.includes('payments-api'))).toEqual([]);
  });

  test('--user brings one person in sync and leaves the graph alone', async () => {
    const { stage, reconcile } = await openSynced();
    const before = permitState(stage);
    deleteRepository(stage.github.world, 'acme', 'next.js');
    setCollaborator(stage.github.world, 'acme', 'payments-api', 'dan', undefined);
    expect(await reconcile('--user', 'dan')).toMatchObject({ code: 0, status: 'applied' });
    expect(permitState(stage)).toEqual(before);
    expect((await pdpMismatches(stage)).filter((text) => !text.includes('next.js'))).toEqual([]);
  });

  test('upsert-only takes nothing', async () => {
    const { stage, reconcile } = await openSynced();
    const { tuples, instances } = permitState(stage);
    const held = stage.held();
    deleteRepository(stage.github.world, 'acme', 'payments-api');
    setCollaborator(stage.github.world, 'acme', 'handbook', 'eve', 'read');
    expect(await reconcile('--mode', 'upsert-only')).toMatchObject({ code: 0, status: 'applied' });
    const after = permitState(stage);
    expect(after.tuples).toEqual(expect.arrayContaining([...tuples]));
    expect(after.instances).toEqual(expect.arrayContaining([...instances]));
    for (const [key, { grants }] of Object.entries(held))
      expect(stage.held()[key]?.grants).toEqual(expect.arrayContaining([...grants]));
  });

  test.each([
    ['a role of their own', 'eve', 'approver'],
    ['a role of the model, by a user without a mark', 'svc', 'reader'],
  ])('an instance on which others hold %s stays when its repository is archived', async (_, user, role) => {
    const { stage, reconcile } = await openSynced(MIRROR_CONFIG, ({ permit }) => {
      addPermitUser(permit.world, { key: 'svc', attributes: {}, grants: [] });
    });
    const { world } = stage.permit;
    const name = `repository:${repositoryOf(stage.github.world, 'acme', 'payments-api').id}`;
    const model = world.resources.get('repository');
    if (model) {
      const approver = { id: 'approver', key: 'approver', name: 'approver', permissions: [] };
      world.resources.set('repository', { ...model, roles: { ...model.roles, approver } });
    }
    grant(world, user, `default/${role}@${name}`);
    changeRepository(stage.github.world, 'acme', 'payments-api', { archived: true });
    const ran = await reconcile();
    expect(ran, JSON.stringify(ran.warnings)).toMatchObject({ code: 0, status: 'applied' });
    expect(ran.warnings).toContainEqual(
      expect.objectContaining({
        code: 'KEPT_FOREIGN',
        message: expect.stringContaining(`${role} of ${user}`),
      }),
    );
    expect([...world.tuples.keys()].filter((text) => text.includes(name))).toEqual([]);
    const left = Object.entries(stage.held()).flatMap(([key, { grants }]) =>
      grants.filter((text) => text.endsWith(`@${name}`)).map((text) => `${key} ${text}`),
    );
    expect(left).toEqual([`${user} default/${role}@${name}`]);
    expect(await reconcile()).toMatchObject({ code: 0, status: 'in-sync' });
    changeRepository(stage.github.world, 'acme', 'payments-api', { archived: false });
    expect(await reconcile()).toMatchObject({ code: 0, status: 'applied' });
    expect((await pdpMismatches(stage)).filter((text) => !text.startsWith('svc'))).toEqual([]);
  });

  test.each([
    ['a document in it', (name: string) => ({ subject: name, relation: 'parent', object: 'document:9' })],
    ['a project above it', (name: string) => ({ subject: 'project:3', relation: 'parent', object: name })],
  ])('an instance stays when its repository or team goes, and others link it to %s', async (_, linked) => {
    const { stage, reconcile } = await openSynced();
    const { world } = stage.permit;
    const repository = `repository:${repositoryOf(stage.github.world, 'acme', 'payments-api').id}`;
    const team = `github_team:${teamOf(stage.github.world, 'acme', 'empty').id}`;
    const links = [repository, team].map(linked);
    for (const link of links) addTuple(world, link);
    changeRepository(stage.github.world, 'acme', 'payments-api', { archived: true });
    orgOf(stage.github.world, 'acme').teams.delete(Number(team.split(':')[1]));
    const ran = await reconcile();
    expect(ran, JSON.stringify(ran.warnings)).toMatchObject({ code: 0, status: 'applied' });
    expect(permitState(stage).instances).toEqual(expect.arrayContaining([repository, team]));
    const left = [...world.tuples.keys()].filter((text) => text.includes(repository) || text.includes(team));
    expect(left.sort()).toEqual(links.map(tupleId).sort());
    expect(ran.warnings.filter(({ code }) => code === 'KEPT_FOREIGN')).toHaveLength(2);
    expect(await reconcile()).toMatchObject({ code: 0, status: 'in-sync', changes: [] });
    world.tuples.clear();
    expect(await reconcile()).toMatchObject({ code: 0, status: 'applied' });
    expect(permitState(stage).instances).not.toContain(repository);
  });

  test.each([
    ['and a public one is left', ['payments-api', 'handbook', 'attic']],
    ['and none is left', ['payments-api', 'handbook', 'attic', 'next.js']],
  ])('the last private repository goes, %s', async (_, names) => {
    const { stage, reconcile } = await openSynced();
    for (const name of names) deleteRepository(stage.github.world, 'acme', name);
    const ran = await reconcile();
    expect(ran, JSON.stringify(ran.warnings)).toMatchObject({ code: 0, status: 'applied' });
    expect(permitState(stage).instances.filter((name) => name.startsWith('repository:'))).toHaveLength(
      4 - names.length,
    );
    expect(await reconcile()).toMatchObject({ code: 0, status: 'in-sync' });
  });

  test('a direct role that GitHub can neither confirm nor deny keeps nothing else', async () => {
    const { stage, reconcile } = await openSynced(MIRROR_CONFIG, ({ github }) => {
      setCollaborator(github.world, 'acme', 'next.js', 'ben', 'read');
    });
    const { github } = stage;
    github.faults.push({
      match: ({ path }) => path === '/graphql',
      do: { kind: 'answer', status: 403, body: { message: 'Resource not accessible by integration' } },
    });
    const held = `default/reader@repository:${repositoryOf(github.world, 'acme', 'next.js').id}`;
    // The base permission gives him as much, so that his own role shows nowhere else.
    setCollaborator(github.world, 'acme', 'next.js', 'ben', undefined);
    removeTeamMember(github.world, 'acme', 'core', 'ben');
    const ran = await reconcile();
    expect(ran).toMatchObject({ code: 4, status: 'partial' });
    expect(ran.warnings).toContainEqual(
      expect.objectContaining({ code: 'LOOKUP_FAILED', message: expect.stringContaining('acme/next.js') }),
    );
    expect(stage.held().ben?.grants).toContain(held);
    expect(await pdpMismatches(stage)).toEqual([]);
    removeMember(github.world, 'acme', 'ben');
    expect((await reconcile()).code).toBe(0);
    expect(stage.held()).not.toHaveProperty('ben');
  });

  describe('the list of organization roles', () => {
    type Roles = { readonly roles: readonly { readonly id: number; readonly base_role: string | null }[] };
    const triagers = async (prepare: (roles: Roles['roles']) => Roles['roles'] | 'honest') => {
      const mirror = await openSynced();
      const { github } = mirror.stage;
      const answer = await fetch(`${github.url}/orgs/acme/organization-roles`, {
        headers: { authorization: `Bearer ${OWNER_TOKEN}`, 'user-agent': 'test' },
      });
      const lie = prepare(((await answer.json()) as Roles).roles);
      if (lie !== 'honest')
        github.faults.push({
          match: ({ path }) => path === '/orgs/acme/organization-roles',
          do: { kind: 'answer', status: 200, body: { total_count: lie.length, roles: lie } },
        });
      return mirror;
    };

    test.each<readonly [string, (roles: Roles['roles']) => Roles['roles']]>([
      ['is empty', () => []],
      ['lacks a role', (roles) => roles.filter(({ base_role }) => base_role === null)],
      ['lacks the level of a role', (roles) => roles.map((role) => ({ ...role, base_role: null }))],
    ])('%s, and the role itself answers: its holders keep it', async (_, lie) => {
      const { stage, reconcile } = await triagers(lie);
      const held = stage.held();
      const ran = await reconcile();
      expect(ran).toMatchObject({ code: 0, changes: [] });
      expect(ran.warnings).toContainEqual(expect.objectContaining({ code: 'KEPT_UNCONFIRMED' }));
      expect(stage.held()).toEqual(held);
    });

    test('lacks a role that was deleted: nobody holds it any more', async () => {
      const { stage, reconcile } = await triagers(() => 'honest');
      const { roles } = orgOf(stage.github.world, 'acme');
      for (const [id, { base }] of roles) if (base !== undefined) roles.delete(id);
      expect(await reconcile()).toMatchObject({ code: 0, status: 'applied' });
      expect(await pdpMismatches(stage)).toEqual([]);
      expect(await reconcile()).toMatchObject({ code: 0, status: 'in-sync' });
    });
  });

  test('a renamed repository is patched, and never replaced with everyone’s roles', async () => {
    const { stage, reconcile } = await openSynced();
    renameRepository(stage.github.world, 'acme', 'payments-api', 'billing');
    renameRepository(stage.github.world, 'acme', 'handbook', 'manual');
    stage.permit.requests.length = 0;
    expect(await reconcile()).toMatchObject({ code: 0, status: 'applied' });
    const written = stage.permit.requests.filter(({ path }) => path.includes('resource_instances'));
    expect(written.filter(({ method }) => method === 'PUT')).toEqual([]);
    expect(written.filter(({ method }) => method === 'PATCH')).toHaveLength(2);
    expect(await pdpMismatches(stage)).toEqual([]);
  });

  test('one link of a thousand that Permit refuses does not block the others', async () => {
    const { stage, reconcile } = await openMirror(MIRROR_CONFIG, ({ github }) => {
      for (let i = 0; i < 330; i++)
        addRepository(github.world, 'acme', { name: `r-${i}`, teams: { core: 'write', empty: 'read' } });
    });
    const { id } = repositoryOf(stage.github.world, 'acme', 'r-7');
    const { faults } = stage.permit;
    const refusal = { kind: 'answer', status: 422, body: { detail: [] } } as const;
    faults.push(poison([`repository:${id}`], refusal, ({ path }) => path.includes('relationship_tuples')));
    const first = await reconcile();
    expect(first).toMatchObject({ code: 4, status: 'partial' });
    const failed = first.changes.filter(({ outcome }) => outcome !== 'applied');
    expect(new Set(failed.map(({ repository }) => repository))).toEqual(new Set(['acme/r-7']));
    expect((await pdpMismatches(stage)).filter((text) => !text.includes('r-7'))).toEqual([]);
    faults.length = 0;
    expect(await reconcile()).toMatchObject({ code: 0, status: 'applied' });
    expect(await pdpMismatches(stage)).toEqual([]);
  });

  test('the access review names what gives a role on a team and a repository', async () => {
    const { stage, cwd } = await openSynced();
    const files = ['--review', 'review.html', '--review', 'review.csv'];
    const ran = await stage.run(['reconcile', '--dry-run', ...files], { cwd });
    expect(ran.code, ran.stderr).toBe(0);
    const csv = readFileSync(join(cwd, 'review.csv'), 'utf8').split('\r\n');
    const team = `github_team:${teamOf(stage.github.world, 'acme', 'core').id}`;
    const facts = csv.filter((row) => row.startsWith('ben,') && row.includes(team));
    expect(facts).toEqual([expect.stringContaining('held,,github:acme:team:core:member')]);
    const html = readFileSync(join(cwd, 'review.html'), 'utf8');
    expect(html).toContain('<code>github:acme:team:core:member</code>');
    expect(html).toContain('<code>github:acme:repository:payments-api:writer</code>');
  });

  test('when a limit is exceeded nothing is written, and the override is named', async () => {
    const { stage, reconcile } = await openSynced();
    const cwd = folderWith(MIRROR_CONFIG.replace('repositories: 100%', 'repositories: 0'));
    deleteRepository(stage.github.world, 'acme', 'payments-api');
    addMember(stage.github.world, 'acme', { login: 'new' });
    const before = writes(stage.permit);
    const ran = await stage.run(['reconcile', '-o', 'json'], { cwd });
    const { status, guard } = JSON.parse(ran.stdout);
    expect({ code: ran.code, status, guard }).toMatchObject({
      ...{ code: 3, status: 'refused' },
      guard: { violations: [{ limit: 'repositories', override: '--allow-repositories 1' }] },
    });
    expect(writes(stage.permit)).toBe(before);
    const { changes, summary } = JSON.parse(ran.stdout);
    const planned = await stage.run(['reconcile', '--dry-run', '-o', 'json'], { cwd });
    expect(changes.map(unended)).toEqual(JSON.parse(planned.stdout).changes.map(unended));
    expect(summary.changes).toMatchObject({ deleteInstance: 1 });
    expect(await reconcile()).toMatchObject({ code: 0 });
  });

  test('a saved plan is stale once the graph has changed', async () => {
    const { stage, cwd } = await openSynced();
    deleteRepository(stage.github.world, 'acme', 'payments-api');
    const saved = await stage.run(['reconcile', '--dry-run', '--out', 'plan.json'], { cwd });
    expect(saved.code, saved.stderr).toBe(0);
    addTeam(stage.github.world, 'acme', { slug: 'late' });
    const before = writes(stage.permit);
    const stale = await stage.run(['apply', 'plan.json', '-o', 'json'], { cwd });
    expect(stale.code).toBe(1);
    expect(JSON.parse(stale.stdout).error).toMatchObject({ code: 'PLAN_STALE' });
    expect(writes(stage.permit)).toBe(before);
  });

  test.each([
    ['with a narrower match', MIRROR_CONFIG.replace('orgs: [acme] }\nlimits', 'match: ["next*"] }\nlimits')],
    ['in another tenant', MIRROR_CONFIG.replace('orgs: [acme] }\nlimits', 'tenant: other }\nlimits')],
  ])('%s, a leaver keeps no access', async (_, config) => {
    const { stage } = await openSynced();
    const cwd = folderWith(config);
    expect(await stage.run(['policy'], { cwd })).toMatchObject({ code: 0 });
    removeMember(stage.github.world, 'acme', 'ben');
    const ran = await stage.run(['reconcile', '-o', 'json'], { cwd });
    expect(ran.code, ran.stdout).toBe(0);
    expect(stage.held()).not.toHaveProperty('ben');
    const again = await stage.run(['reconcile', '-o', 'json'], { cwd });
    expect(again.code).toBe(0);
    const third = await stage.run(['reconcile', '-o', 'json'], { cwd });
    expect(JSON.parse(third.stdout)).toMatchObject({ status: 'in-sync' });
  });
});

describe('GitHub fails on one kind of request while losses are confirmed', () => {
  test.each([
    ['repositories by id', 404, /^\/repositories\/\d+$/],
    ['collaborators', 404, /^\/repositories\/\d+\/collaborators/],
    ['collaborators', 500, /^\/repositories\/\d+\/collaborators/],
    ['a team by id', 404, /^\/organizations\/\d+\/team\/\d+$/],
    ["a team's repositories", 404, /^\/orgs\/acme\/teams\/[^/]+\/repos\//],
    ['the organization', 404, /^\/orgs\/acme$/],
    ['memberships', 404, /^\/orgs\/acme\/memberships\//],
  ])('%s, %i: nothing that GitHub still gives is taken', async (_, status, path) => {
    const { stage, reconcile } = await openSynced();
    removeMember(stage.github.world, 'acme', 'ben');
    deleteRepository(stage.github.world, 'acme', 'handbook');
    setCollaborator(stage.github.world, 'acme', 'payments-api', 'dan', 'read');
    stage.github.faults.push({ match: (request) => path.test(request.path), do: { kind: 'answer', status } });
    const ran = await reconcile('--timeout', '5s');
    expect([0, 1, 4]).toContain(ran.code);
    const lost = (await pdpMismatches(stage)).filter((text) => text.includes('true on GitHub'));
    expect(lost).toEqual([]);
    stage.github.faults.length = 0;
    expect(await reconcile()).toMatchObject({ code: 0 });
    expect(await pdpMismatches(stage)).toEqual([]);
  });
});

async function post(stage: Stage, path: string, body: unknown): Promise<void> {
  const { project, environment } = stage.permit.world;
  const answer = await fetch(`${stage.permit.url}/v2/facts/${project.id}/${environment.id}/${path}`, {
    method: 'POST',
    headers: { authorization: `Bearer ${stage.env.PERMIT_API_KEY}`, 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
  expect(answer.ok, `${answer.status} ${await answer.text()}`).toBe(true);
}

const give = (stage: Stage, user: string, role: string, resource: string): Promise<void> =>
  post(stage, 'role_assignments', { user, role, tenant: 'default', resource_instance: resource });
