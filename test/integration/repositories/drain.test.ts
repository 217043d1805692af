import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { Fault } from '../../../src/demo/faults.ts';
import {
  addHook,
  addMember,
  addOrg,
  addRepository,
  addTeamMember,
  changeRepository,
  deleteRepository,
  deliveriesOf,
  deliveriesSettled,
  orgOf,
  removeMember,
  removeTeamMember,
  renameRepository,
  repositoryOf,
  setCollaborator,
  setTeamRole,
  teamOf,
  transferRepository,
  userOf,
} from '../../../src/demo/github/github.ts';
import type { QueueEntry } from '../../../src/model/webhooks/queue.ts';
import { MIRROR_CONFIG } from '../../support/mirror.ts';
import { pdpMismatches } from '../../support/parity.ts';
import { type DrainStage, drain, mirroredDrainStage, openDrainStage } from '../../support/queue-stage.ts';
import { useRedis } from '../../support/redis.ts';
import { populateRepositories } from '../../support/repositories.ts';
import { MIRRORED, openReceiver, SECRET } from '../../unit/receiver/support.ts';

const redis = useRedis();

/** The default rules would give the owners of each organization a role over all. */
const TWO_ORGS = 'grants: [{ subject: "github:*:role:member", roles: [member] }]\n';

type World = DrainStage['github']['world'];
type Event = Partial<QueueEntry>;

const repository = (world: World, action: string, name: string): Event => ({
  event: 'repository',
  action,
  ...{ login: undefined, id: undefined, repository: repositoryOf(world, 'acme', name).id },
});
const teamAccess = (world: World, action: string, slug: string, name: string): Event => ({
  event: 'team',
  action,
  ...{ login: undefined, id: undefined, team: teamOf(world, 'acme', slug).id },
  repository: repositoryOf(world, 'acme', name).id,
});
const member = (world: World, action: string, login: string, name: string): Event => ({
  event: 'member',
  action,
  ...{ login, id: userOf(world, login).id as never, repository: repositoryOf(world, 'acme', name).id },
});
const membership = (world: World, action: string, login: string, slug: string): Event => ({
  event: 'membership',
  action,
  ...{ login, id: userOf(world, login).id as never, team: teamOf(world, 'acme', slug).id },
});

describe('a drain brings Permit to GitHub’s answer', () => {
  test.each<readonly [what: string, change: (world: World) => readonly Event[]]>([
    [
      'a team is given a repository',
      (world) => {
        setTeamRole(world, 'acme', 'handbook', 'core', 'write');
        return [teamAccess(world, 'added_to_repository', 'core', 'handbook')];
      },
    ],
    [
      'a team loses a repository',
      (world) => {
        setTeamRole(world, 'acme', 'payments-api', 'core', undefined);
        return [teamAccess(world, 'removed_from_repository', 'core', 'payments-api')];
      },
    ],
    [
      'a team is given less',
      (world) => {
        setTeamRole(world, 'acme', 'handbook', 'platform', 'read');
        return [
          teamAccess(world, 'edited', 'platform', 'handbook'),
          teamAccess(world, 'edited', 'core', 'handbook'),
        ];
      },
    ],
    [
      'a repository is new, with a team',
      (world) => {
        addRepository(world, 'acme', { name: 'new', teams: { core: 'write' } });
        return [teamAccess(world, 'added_to_repository', 'core', 'new'), repository(world, 'created', 'new')];
      },
    ],
    [
      'a repository is deleted',
      (world) => {
        const event = repository(world, 'deleted', 'payments-api');
        deleteRepository(world, 'acme', 'payments-api');
        return [event];
      },
    ],
    [
      'a repository is archived',
      (world) => {
        changeRepository(world, 'acme', 'payments-api', { archived: true });
        return [repository(world, 'archived', 'payments-api')];
      },
    ],
    [
      'a repository is unarchived',
      (world) => {
        changeRepository(world, 'acme', 'attic', { archived: false });
        setTeamRole(world, 'acme', 'attic', 'core', 'write');
        return [repository(world, 'unarchived', 'attic')];
      },
    ],
    [
      'a repository is renamed',
      (world) => {
        renameRepository(world, 'acme', 'payments-api', 'billing');
        return [repository(world, 'renamed', 'billing')];
      },
    ],
    [
      'someone is given a repository',
      (world) => {
        setCollaborator(world, 'acme', 'handbook', 'guest', 'admin');
        return [member(world, 'added', 'guest', 'handbook')];
      },
    ],
    [
      'the last direct collaborator of a repository goes',
      (world) => {
        setCollaborator(world, 'acme', 'handbook', 'dan', 'write');
        return [member(world, 'added', 'dan', 'handbook')];
      },
    ],
    [
      'an outside collaborator goes',
      (world) => {
        const event = member(world, 'removed', 'guest', 'payments-api');
        setCollaborator(world, 'acme', 'payments-api', 'guest', undefined);
        return [event];
      },
    ],
    [
      'someone joins a team',
      (world) => {
        addTeamMember(world, 'acme', 'core', 'eve');
        return [membership(world, 'added', 'eve', 'core'), membership(world, 'added', 'eve', 'platform')];
      },
    ],
    [
      'someone leaves a team',
      (world) => {
        removeTeamMember(world, 'acme', 'core', 'ben');
        return [membership(world, 'removed', 'ben', 'core')];
      },
    ],
    [
      'a member joins',
      (world) => {
        const { id } = addMember(world, 'acme', { login: 'new' });
        return [{ action: 'member_added', login: 'new', id: id as never }];
      },
    ],
    [
      'a member leaves',
      (world) => {
        const { id } = userOf(world, 'ann');
        removeMember(world, 'acme', 'ann');
        return [{ action: 'member_removed', login: 'ann', id: id as never }];
      },
    ],
  ])('%s', async (_, change) => {
    const stage = await mirroredDrainStage(redis);
    for (const event of change(stage.github.world)) {
      await stage.hear(event.login ?? '', 1, { org: orgOf(stage.github.world, 'acme').login, ...event });
    }
    const drained = await drain(stage);
    expect(drained.code, JSON.stringify(drained.json.warnings)).toBe(0);
    expect(drained.json.queue).toMatchObject({ failed: 0, waiting: 0 });
    expect(await pdpMismatches(stage)).toEqual([]);
    const after = await stage.run(['reconcile', '--dry-run', '--detailed-exitcode']);
    expect(after.code, after.stdout).toBe(0);
  });
});

test('what GitHub’s webhooks say about repositories reaches Permit through receiver, queue and drain', async () => {
  const stage = await mirroredDrainStage(redis);
  const { world } = stage.github;
  const { receiver } = await openReceiver({ queue: stage.queue, needsOf: MIRRORED });
  const hook = addHook(world, 'acme', { url: receiver.url, secret: SECRET });
  addRepository(world, 'acme', {
    name: 'new',
    teams: { core: 'write' },
    collaborators: { visitor: 'triage' },
  });
  setTeamRole(world, 'acme', 'payments-api', 'core', undefined);
  setCollaborator(world, 'acme', 'payments-api', 'guest', undefined);
  renameRepository(world, 'acme', 'payments-api', 'billing');
  changeRepository(world, 'acme', 'handbook', { archived: true });
  await deliveriesSettled(world);
  expect(deliveriesOf(world, hook).map(({ statusCode }) => statusCode)).toEqual(Array(7).fill(202));
  const drained = await drain(stage);
  expect(drained.code, JSON.stringify(drained.json.warnings)).toBe(0);
  expect(drained.json.queue).toEqual({ settled: 7, failed: 0, waiting: 0 });
  expect(new Set(drained.json.changes.map(({ outcome }) => outcome))).toEqual(new Set(['applied']));
  expect(await pdpMismatches(stage)).toEqual([]);
});

test('a repository that one organization transfers to another leaves its teams', async () => {
  const stage = await openDrainStage(redis, MIRROR_CONFIG.replaceAll('[acme]', '[acme, labs]') + TWO_ORGS);
  const { world } = stage.github;
  populateRepositories(world);
  addOrg(world, 'labs');
  addMember(world, 'labs', { login: 'owner', role: 'admin' });
  addRepository(world, 'labs', { name: 'tools' });
  const orgs = ['--org', 'acme', '--org', 'labs'];
  for (const command of ['policy', 'reconcile'])
    expect(await stage.run([command, ...orgs])).toMatchObject({ code: 0 });
  const { receiver } = await openReceiver({ queue: stage.queue, orgs: ['acme', 'labs'], needsOf: MIRRORED });
  for (const org of ['acme', 'labs']) addHook(world, org, { url: receiver.url, secret: SECRET });
  transferRepository(world, 'acme', 'payments-api', 'labs');
  await deliveriesSettled(world);
  const drained = await drain(stage, ...orgs);
  expect(drained.code, JSON.stringify(drained.json.warnings)).toBe(0);
  // Each of the two webhooks reported both organizations.
  expect(drained.json.queue).toEqual({ settled: 4, failed: 0, waiting: 0 });
  const { id } = repositoryOf(world, 'labs', 'payments-api');
  const links = [...stage.permit.world.tuples.values()].filter(({ object }) => object === `repository:${id}`);
  expect(links.map(({ subject }) => subject)).toEqual([`github_org:${orgOf(world, 'labs').id}`]);
  const after = await stage.run(['reconcile', '--dry-run', '--detailed-exitcode', ...orgs]);
  expect(after.code, after.stdout).toBe(0);
});

test('a leaver who holds access to repositories is deleted, not released', async () => {
  const stage = await mirroredDrainStage(redis);
  const { world } = stage.github;
  setCollaborator(world, 'acme', 'payments-api', 'ben', 'read');
  expect(await stage.run(['reconcile'])).toMatchObject({ code: 0 });
  removeMember(world, 'acme', 'ben');
  setCollaborator(world, 'acme', 'payments-api', 'ben', undefined);
  await stage.hear('ben', userOf(world, 'ben').id);
  expect(await drain(stage)).toMatchObject({ code: 0 });
  expect(stage.held()).not.toHaveProperty('ben');
});

test('a direct role that GitHub can neither confirm nor deny keeps nothing else', async () => {
  const stage = await mirroredDrainStage(redis);
  const { world, faults } = stage.github;
  setCollaborator(world, 'acme', 'next.js', 'ben', 'read');
  expect(await stage.run(['reconcile'])).toMatchObject({ code: 0 });
  const fault: Fault = {
    match: ({ path }) => path === '/graphql',
    do: { kind: 'answer', status: 403, body: { message: 'Resource not accessible by integration' } },
  };
  faults.push(fault);
  // The base permission gives him as much, so that his own role shows nowhere else.
  setCollaborator(world, 'acme', 'next.js', 'ben', undefined);
  removeTeamMember(world, 'acme', 'core', 'ben');
  await stage.hear('', 1, { org: 'acme', ...membership(world, 'removed', 'ben', 'core') });
  const drained = await drain(stage);
  expect(drained).toMatchObject({ code: 4, json: { queue: { settled: 0, failed: 0, waiting: 1 } } });
  expect(drained.json.warnings).toContainEqual(
    expect.objectContaining({ code: 'LOOKUP_FAILED', message: expect.stringContaining('acme/next.js') }),
  );
  const role = `default/reader@repository:${repositoryOf(world, 'acme', 'next.js').id}`;
  expect(stage.held().ben?.grants).toContain(role);
  expect(stage.held().ben?.grants).not.toContainEqual(expect.stringContaining('github_team'));
  expect(await pdpMismatches(stage)).toEqual([]);

  faults.splice(faults.indexOf(fault), 1);
  expect(await drain(stage)).toMatchObject({ code: 0, json: { queue: { settled: 1, waiting: 0 } } });
  expect(stage.held().ben?.grants).not.toContain(role);
});

test('beyond a limit the entries wait, and nothing is half taken', async () => {
  const stage = await mirroredDrainStage(redis);
  const { world } = stage.github;
  writeFileSync(
    join(stage.cwd, 'gh-permit-sync.yaml'),
    `redis: { prefix: "${stage.prefix}" }\n${MIRROR_CONFIG.replace('repositories: 100%', 'repositories: 0')}`,
  );
  const event = repository(world, 'deleted', 'handbook');
  deleteRepository(world, 'acme', 'handbook');
  const before = { held: stage.held(), tuples: [...stage.permit.world.tuples.keys()].sort() };
  await stage.hear('', 1, { org: 'acme', ...event });
  const drained = await drain(stage);
  expect(drained).toMatchObject({ code: 3, json: { queue: { settled: 0, failed: 0, waiting: 1 } } });
  expect(drained.json.guard.violations).toMatchObject([{ limit: 'repositories' }]);
  expect({ held: stage.held(), tuples: [...stage.permit.world.tuples.keys()].sort() }).toEqual(before);
});
