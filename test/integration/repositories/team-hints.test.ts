import { describe, expect, test } from 'vitest';
import type { Fault } from '../../../src/demo/faults.ts';
import {
  addRepository,
  addTeam,
  orgOf,
  repositoryOf,
  setTeamRole,
  teamOf,
  userOf,
} from '../../../src/demo/github/github.ts';
import { addPermitUser } from '../../../src/demo/permit/permit.ts';
import type { QueueEntry } from '../../../src/model/webhooks/queue.ts';
import { pdpMismatches } from '../../support/parity.ts';
import { type DrainStage, drain, mirroredDrainStage } from '../../support/queue-stage.ts';
import { useRedis } from '../../support/redis.ts';

const redis = useRedis();

type World = DrainStage['github']['world'];
type Event = Partial<QueueEntry>;

const NOBODY = { login: undefined, id: undefined };
const about = (world: World, slug: string, name: string): Event => ({
  ...NOBODY,
  team: teamOf(world, 'acme', slug).id,
  repository: repositoryOf(world, 'acme', name).id,
});

/** Changes the role of a team, of which GitHub tells with one webhook, whatever teams are below it. */
function changeRole(world: World, name: string, slug: string, role: string | undefined): Event {
  const before = repositoryOf(world, 'acme', name).teams.get(teamOf(world, 'acme', slug).id);
  setTeamRole(world, 'acme', name, slug, role);
  const action =
    role === undefined ? 'removed_from_repository' : before === undefined ? 'added_to_repository' : 'edited';
  return { event: 'team', action, ...about(world, slug, name) };
}

/** @param parent its slug; undefined for none. */
function moveTeam(world: World, slug: string, parent: string | undefined): Event {
  const team = teamOf(world, 'acme', slug);
  const above = parent === undefined ? undefined : teamOf(world, 'acme', parent).id;
  orgOf(world, 'acme').teams.set(team.id, { ...team, parent: above });
  return { event: 'team', action: 'edited', ...NOBODY, team: team.id };
}

async function hear(stage: DrainStage, event: Event): Promise<void> {
  await stage.hear('', 1, { org: 'acme', ...event });
}

async function expectConverged(stage: DrainStage): Promise<void> {
  const drained = await drain(stage);
  expect(drained.code, JSON.stringify(drained.json.warnings)).toBe(0);
  expect(drained.json.queue).toMatchObject({ failed: 0, waiting: 0 });
  expect(await pdpMismatches(stage)).toEqual([]);
  const after = await stage.run(['reconcile', '--dry-run', '--detailed-exitcode']);
  expect(after.code, after.stdout).toBe(0);
}

const refused = (path: RegExp): Fault => ({
  match: (request) => path.test(request.path),
  do: { kind: 'answer', status: 403, body: { message: 'Resource not accessible by integration' } },
});

const answered = (path: RegExp, body: object): Fault => ({
  match: (request) => path.test(request.path),
  do: { kind: 'answer', status: 200, body },
});

describe('a webhook about a team', () => {
  test.each<readonly [what: string, change: (world: World) => Event]>([
    ['a parent loses a repository', (world) => changeRole(world, 'handbook', 'platform', undefined)],
    ['a parent is given a repository', (world) => changeRole(world, 'next.js', 'platform', 'write')],
    ['a parent is given less', (world) => changeRole(world, 'handbook', 'platform', 'read')],
    ['a parent is given more', (world) => changeRole(world, 'payments-api', 'platform', 'admin')],
    ['a child leaves its parent', (world) => moveTeam(world, 'core', undefined)],
    ['a child changes its parent', (world) => moveTeam(world, 'core', 'empty')],
    ['a team gets a parent', (world) => moveTeam(world, 'empty', 'platform')],
    [
      'a child is deleted',
      (world) => {
        const team = teamOf(world, 'acme', 'core').id;
        orgOf(world, 'acme').teams.delete(team);
        for (const { teams } of orgOf(world, 'acme').repositories.all.values()) teams.delete(team);
        return { event: 'team', action: 'deleted', ...NOBODY, team };
      },
    ],
  ])('converges it and the teams below it: %s', async (_, change) => {
    const stage = await mirroredDrainStage(redis);
    const { world } = stage.github;
    addTeam(world, 'acme', { slug: 'oncall', parent: 'core', members: ['dan'] });
    expect(await stage.run(['reconcile'])).toMatchObject({ code: 0 });
    await hear(stage, change(world));
    await expectConverged(stage);
  });

  const LIST = /^\/orgs\/acme\/teams$/;
  test.each<readonly [what: string, fault: (world: World, child: number) => Fault]>([
    ['the list of teams', () => refused(LIST)],
    ['all teams in the list', () => answered(LIST, [])],
    [
      'which teams have parents',
      (world) =>
        answered(
          LIST,
          [...orgOf(world, 'acme').teams.values()].map(({ id, slug }) => ({ id, slug })),
        ),
    ],
    ['the repositories of a child', (_, child) => refused(new RegExp(`/team/${child}/repos$`))],
  ])('waits as long as GitHub does not show %s', async (_, faultOf) => {
    const stage = await mirroredDrainStage(redis);
    const { world, faults } = stage.github;
    await hear(stage, changeRole(world, 'handbook', 'platform', undefined));
    const fault = faultOf(world, teamOf(world, 'acme', 'core').id);
    faults.push(fault);
    const core = `github_team:${teamOf(world, 'acme', 'core').id}`;
    const linksOfCore = () => [...stage.permit.world.tuples.keys()].filter((key) => key.includes(core));
    const before = linksOfCore();
    const drained = await drain(stage);
    expect(drained).toMatchObject({ code: 4, json: { queue: { settled: 0, failed: 0, waiting: 1 } } });
    expect(linksOfCore()).toEqual(before);
    faults.splice(faults.indexOf(fault), 1);
    await expectConverged(stage);
  });

  test('converges links that other webhooks should have announced', async () => {
    const stage = await mirroredDrainStage(redis);
    const { world } = stage.github;
    setTeamRole(world, 'acme', 'handbook', 'platform', undefined);
    await hear(stage, changeRole(world, 'payments-api', 'platform', 'write'));
    await expectConverged(stage);
  });
});

test('a collaborator who can’t get a user keeps no entry about a team, but one about a new repository', async () => {
  const stage = await mirroredDrainStage(redis);
  const { world } = stage.github;
  addPermitUser(stage.permit.world, { key: 'taken', attributes: {}, grants: [] });
  addRepository(world, 'acme', { name: 'new', collaborators: { taken: 'read' } });
  const created = { event: 'repository', action: 'created' } as const;
  await hear(stage, { ...created, ...NOBODY, repository: repositoryOf(world, 'acme', 'new').id });
  await hear(stage, changeRole(world, 'new', 'platform', 'write'));
  const drained = await drain(stage);
  expect(drained.json.warnings.map(({ code }) => code)).toEqual(['QUEUE_FAILED', 'KEY_TAKEN']);
  expect(drained.json.queue).toMatchObject({ settled: 1, failed: 1 });
});

describe('a new repository', () => {
  const create = (world: World): Event => {
    addRepository(world, 'acme', { name: 'new', collaborators: { dan: 'admin', visitor: 'triage' } });
    return {
      event: 'repository',
      action: 'created',
      ...NOBODY,
      repository: repositoryOf(world, 'acme', 'new').id,
    };
  };

  test('gives its direct collaborators their roles, also those without a user', async () => {
    const stage = await mirroredDrainStage(redis);
    await hear(stage, create(stage.github.world));
    await expectConverged(stage);
    expect(stage.held()).toHaveProperty('visitor');
  });

  test('costs no lookup of people who have their role', async () => {
    const stage = await mirroredDrainStage(redis);
    const event = create(stage.github.world);
    expect(await stage.run(['reconcile'])).toMatchObject({ code: 0 });
    stage.github.requests.length = 0;
    await hear(stage, event);
    await expectConverged(stage);
    expect(stage.github.requests.filter(({ path }) => path.startsWith('/user/'))).toEqual([]);
  });

  test('waits for a direct collaborator whom GitHub does not show', async () => {
    const stage = await mirroredDrainStage(redis);
    const { world, faults } = stage.github;
    await hear(stage, create(world));
    const fault = refused(new RegExp(`^/user/${userOf(world, 'visitor').id}$`));
    faults.push(fault);
    const drained = await drain(stage);
    expect(drained).toMatchObject({ code: 4, json: { queue: { settled: 0, failed: 0, waiting: 1 } } });
    faults.splice(faults.indexOf(fault), 1);
    await expectConverged(stage);
  });
});
