import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import {
  addMember,
  addOrg,
  addRepository,
  mayReadRepositories,
  removeMember,
  setCollaborator,
} from '../../src/demo/github/github.ts';
import { addInstance, addPermitUser } from '../../src/demo/permit/permit.ts';
import { MIRROR_CONFIG, openMirror } from '../support/mirror.ts';
import { drain, idOf, mirroredDrainStage } from '../support/queue-stage.ts';
import { useRedis } from '../support/redis.ts';
import type { Stage } from '../support/stage.ts';

const redis = useRedis();

/** The same without `repositories:`, and with the default limits. */
const WITHOUT = 'github: { orgs: [acme] }\n';

const write = (cwd: string, config: string) => writeFileSync(join(cwd, 'gh-permit-sync.yaml'), config);

/** What Permit holds of the model, and roles on it. */
const mirrored = ({ permit }: Stage) => ({
  instances: [...permit.world.instances.keys()].sort(),
  tuples: [...permit.world.tuples.keys()].sort(),
  roles: [...permit.world.users.values()]
    .flatMap(({ key, grants }) => grants.map(({ resource, role }) => ({ key, resource, role })))
    .filter(({ resource }) => resource !== undefined),
});
const NOTHING = { instances: [], tuples: [], roles: [] };

describe('repositories: is removed from the config', () => {
  test('the mirror goes, within the limits, and nothing else does', async () => {
    const { stage, cwd, reconcile } = await openMirror();
    expect((await reconcile()).code).toBe(0);
    const before = mirrored(stage);
    write(cwd, WITHOUT);
    const refused = await reconcile();
    expect(refused).toMatchObject({ code: 3, status: 'refused' });
    const { violations } = refused.guard;
    expect(violations.map(({ limit }) => limit)).toEqual(['repositories', 'links']);
    expect(mirrored(stage)).toEqual(before);

    const world = stage.permit.world;
    addInstance(world, 'repository:77');
    addPermitUser(world, { key: 'of-the-application', grants: ['default/reader@repository:77'] });
    const allowed = await reconcile(...violations.flatMap(({ override }) => override.split(' ')));
    expect(allowed, allowed.stderr).toMatchObject({ code: 0, status: 'applied' });
    expect(mirrored(stage)).toMatchObject({
      ...{ instances: ['repository:77'], tuples: [] },
      roles: [{ key: 'of-the-application' }],
    });
    expect(stage.held()).toMatchObject({ ann: { grants: ['default/member'] } });
    // The outside collaborator had access to repositories alone.
    expect(stage.held()).not.toHaveProperty('guest');
    expect(await reconcile()).toMatchObject({ code: 0, status: 'in-sync' });
  });

  test('a leaver loses everything in the same run', async () => {
    const { stage, cwd, reconcile } = await openMirror();
    await reconcile();
    write(cwd, WITHOUT.concat('limits: { repositories: 100%, links: 100%, removals: 100% }\n'));
    removeMember(stage.github.world, 'acme', 'ben');
    expect(await reconcile()).toMatchObject({ code: 0, status: 'applied' });
    expect(stage.held()).not.toHaveProperty('ben');
    expect(mirrored(stage)).toEqual(NOTHING);
  });

  test('a drain leaves a leaver nothing, even though GitHub no longer answers about repositories', async () => {
    const stage = await mirroredDrainStage(redis);
    const ben = idOf(stage, 'ben');
    write(stage.cwd, `redis: { prefix: "${stage.prefix}" }\n${WITHOUT}`);
    removeMember(stage.github.world, 'acme', 'ben');
    stage.github.faults.push({
      match: ({ path }) => path.startsWith('/repositories/'),
      do: { kind: 'answer', status: 403, body: { message: 'Resource not accessible by integration' } },
    });
    await stage.hear('ben', ben);
    const drained = await drain(stage);
    expect(drained.json, drained.stderr).toMatchObject({ status: 'applied', queue: { settled: 1 } });
    expect(stage.held()).not.toHaveProperty('ben');
  });

  test.each(['upsert-only', 'sync'])('mode: %s, and GitHub shows only some of the people', async (mode) => {
    const { stage, cwd, reconcile } = await openMirror();
    await reconcile();
    const before = mirrored(stage);
    write(cwd, `mode: ${mode}\n${WITHOUT}limits: { repositories: 100%, links: 100%, removals: 100% }\n`);
    if (mode === 'sync')
      stage.github.faults.push({
        match: ({ path }) => path === '/orgs/acme/members',
        do: { kind: 'answer', status: 502, body: {} },
      });
    expect((await reconcile('--timeout', '2s')).code).toBe(mode === 'sync' ? 1 : 0);
    expect(mirrored(stage)).toEqual(before);
  });
});

test('an organization that repositories.orgs no longer names: its mirror goes, the other stays', async () => {
  const both = MIRROR_CONFIG.replaceAll('orgs: [acme]', 'orgs: [acme, labs]').concat(
    'grants: [{ subject: "github:*:role:member", roles: [member] }]\n',
  );
  const { stage, cwd, reconcile } = await openMirror(both, ({ github }) => {
    addOrg(github.world, 'labs');
    addMember(github.world, 'labs', { login: 'owner', role: 'admin' });
    mayReadRepositories(github.world);
    addRepository(github.world, 'labs', { name: 'rocket', collaborators: { guest: 'write' } });
  });
  const BOTH = ['--org', 'acme', 'labs'] as const;
  const first = await reconcile(...BOTH);
  expect(first, first.stderr).toMatchObject({ code: 0, status: 'applied' });
  const { world } = stage.permit;
  const ofOrg = (name: string) =>
    [...world.instances.values()].filter(({ attributes }) => String(attributes.github_name).startsWith(name));
  const [acme, labs] = [ofOrg('acme').length, ofOrg('labs').length];
  expect([acme > 4, labs]).toEqual([true, 2]);
  write(cwd, both.replace('repositories: { orgs: [acme, labs] }', 'repositories: { orgs: [acme] }'));
  setCollaborator(stage.github.world, 'labs', 'rocket', 'guest', 'admin');
  const second = await reconcile(...BOTH);
  expect(second, second.stderr).toMatchObject({ code: 0, status: 'applied' });
  expect([ofOrg('acme').length, ofOrg('labs').length]).toEqual([acme, 0]);
  const names = new Set(world.instances.keys());
  expect(mirrored(stage).roles.every(({ resource = '' }) => names.has(resource))).toBe(true);
  expect(await reconcile(...BOTH)).toMatchObject({ code: 0, status: 'in-sync' });
});
