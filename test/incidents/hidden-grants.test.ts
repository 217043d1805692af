import { expect, test } from 'vitest';
import { removeMember } from '../../src/demo/github/github.ts';
import { addInstance, addResource, grant } from '../../src/demo/permit/permit.ts';
import { type DrainStage, drain, idOf, openDrainStage } from '../support/queue-stage.ts';
import { useRedis } from '../support/redis.ts';
import { populate } from '../support/stage.ts';

/** Grants that `GET …/users/{key}` does not show (issue 9.5), and that a drain has to know all the same. */

const redis = useRedis();

const CONFIG = `
users: { onLeave: unassign }
grants:
  - { subject: "github:*:role:member", roles: [member] }
  - { subject: "github:*:role:admin", roles: [admin] }
  - { subject: "github:acme:user:person-0005", roles: [owner], resource: "repository:pay" }
`;

/** So many people that a drain reads the user of one of them alone. */
async function syncedWith(config: string, singleUserInstanceRoles: boolean): Promise<DrainStage> {
  const stage = await openDrainStage(redis, config);
  stage.permit.switches.singleUserInstanceRoles = singleUserInstanceRoles;
  for (const [type, key] of [
    ['repository', 'pay'],
    ['group', 'finance'],
  ] as const) {
    addResource(stage.permit.world, type, ['read'], { owner: ['read'] });
    addInstance(stage.permit.world, `${type}:${key}`);
  }
  populate(stage, 150, 2);
  expect((await stage.run(['reconcile'])).code).toBe(0);
  return stage;
}

/** A drain that hears of one leaver. @returns the leaver's id. */
async function drainLeaver(stage: DrainStage): Promise<number> {
  const id = idOf(stage, 'person-0005');
  removeMember(stage.github.world, 'acme', 'person-0005');
  await stage.hear('person-0005', id);
  stage.permit.requests.length = 0;
  expect((await drain(stage)).json.queue).toEqual({ settled: 1, failed: 0, waiting: 0 });
  const listings = stage.permit.requests.filter(
    ({ path, query }) => path.endsWith('/users') && query.per_page !== '1',
  );
  expect(listings).toEqual([]);
  return id;
}

test.each([false, true])(
  'a drain releases a user with a foreign grant on an instance (shown by a single read: %s)',
  async (shown) => {
    const stage = await syncedWith('', shown);
    grant(stage.permit.world, 'person-0005', 'default/owner@group:finance');
    const id = await drainLeaver(stage);
    expect(stage.held()['person-0005']).toEqual({
      attributes: { github_id: id },
      email: null,
      grants: ['default/owner@group:finance'],
    });
  },
);

test.each([false, true])(
  'a drain takes a managed grant on an instance (shown by a single read: %s)',
  async (shown) => {
    const stage = await syncedWith(CONFIG, shown);
    const key = 'person-0005';
    expect(stage.held()[key]?.grants).toEqual(['default/member', 'default/owner@repository:pay']);
    await drainLeaver(stage);
    expect(stage.held()[key]?.grants).toEqual([]);
  },
);
