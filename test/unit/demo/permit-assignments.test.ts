import { describe, expect, test } from 'vitest';
import {
  addInstance,
  addPermitUser,
  addResource,
  addTenant,
  grant,
  permitWorld,
  revoke,
  snapshot,
} from '../../../src/demo/permit/permit.ts';
import { facts, runPermit } from './running.ts';

/** Users `ann` and `ben` without grants, two tenants, and one instance of `repo` in `production`. */
function repos() {
  const world = permitWorld();
  addTenant(world, 'production');
  addResource(world, 'repo', ['push', 'read'], { owner: ['push', 'read'] });
  addInstance(world, 'repo:payments', 'production');
  addPermitUser(world, { key: 'ann' });
  addPermitUser(world, { key: 'ben' });
  return world;
}
const member = (user: string, role = 'member', tenant = 'default') => ({ user, role, tenant });
const grantsOf = (world: ReturnType<typeof repos>, key: string) => snapshot(world)[key]?.grants;

describe('one role assignment', () => {
  test('is made in a tenant, and on an instance in its tenant', async () => {
    const world = repos();
    const emulator = await runPermit(world);
    const { status, body } = await facts(emulator, 'POST', 'role_assignments', member('ann'));
    expect(status).toBe(200);
    expect(body).toMatchObject({
      user: 'ann',
      role: 'member',
      tenant: 'default',
      user_id: world.users.get('ann')?.id,
    });
    const owner = { user: 'ann', role: 'owner', resource_instance: 'repo:payments' };
    expect((await facts(emulator, 'POST', 'role_assignments', owner)).body).toMatchObject({
      resource_instance: 'repo:payments',
      tenant: 'production',
    });
    expect(grantsOf(world, 'ann')).toEqual(['default/member', 'production/owner@repo:payments']);
  });

  test('takes ids as well as keys', async () => {
    const world = repos();
    const emulator = await runPermit(world);
    const id = (map: ReadonlyMap<string, { id: string }>, key: string) => map.get(key)?.id ?? '';
    const body = {
      user: id(world.users, 'ann'),
      role: world.resources.get('repo')?.roles.owner?.id,
      tenant: id(world.tenants, 'production'),
      resource_instance: id(world.instances, 'repo:payments'),
    };
    expect((await facts(emulator, 'POST', 'role_assignments', body)).status).toBe(200);
    expect(grantsOf(world, 'ann')).toEqual(['production/owner@repo:payments']);
  });

  test.each([
    ['an unknown user', member('nobody'), 404, 'nobody'],
    ['an unknown role', member('ann', 'king'), 404, 'king'],
    ['an unknown tenant', member('ann', 'member', 'moon'), 404, 'moon'],
    ['an unknown instance', { user: 'ann', role: 'owner', resource_instance: 'repo:x' }, 404, 'repo:x'],
    ['an unknown type', { user: 'ann', role: 'owner', resource_instance: 'ship:x' }, 404, 'ship'],
    ['a tenant role on an instance', { ...member('ann'), resource_instance: 'repo:payments' }, 404, 'member'],
    ['an instance role in a tenant', member('ann', 'owner'), 404, 'owner'],
    ['the wrong tenant', { ...member('ann', 'owner'), resource_instance: 'repo:payments' }, 409, 'payments'],
    ['neither tenant nor instance', { user: 'ann', role: 'member' }, 422, ''],
    ['a role that is no key', member('ann', 'no good'), 422, ''],
    ['a field too many', { ...member('ann'), more: 1 }, 422, ''],
  ])('with %s is refused', async (_name, body, status, named) => {
    const world = repos();
    const got = await facts(await runPermit(world), 'POST', 'role_assignments', body);
    expect(got.status).toBe(status);
    expect(JSON.stringify(got.body)).toContain(named);
    expect(grantsOf(world, 'ann')).toEqual([]);
  });

  test.each([
    ['refuse', 404, []],
    ['create', 200, ['production/owner@repo:new']],
  ] as const)('on a missing instance with the tenant given: %s', async (missingInstance, status, grants) => {
    const world = repos();
    const emulator = await runPermit(world, { missingInstance });
    const body = { ...member('ann', 'owner', 'production'), resource_instance: 'repo:new' };
    expect((await facts(emulator, 'POST', 'role_assignments', body)).status).toBe(status);
    expect(grantsOf(world, 'ann')).toEqual(grants);
    expect(world.instances.has('repo:new')).toBe(status === 200);
  });

  test.each([
    ['conflict', 409],
    ['skip', 200],
  ] as const)('that is there already: %s', async (duplicateAssign, status) => {
    const world = repos();
    grant(world, 'ann', 'default/member');
    const emulator = await runPermit(world, { duplicateAssign });
    expect((await facts(emulator, 'POST', 'role_assignments', member('ann'))).status).toBe(status);
    expect(grantsOf(world, 'ann')).toEqual(['default/member']);
  });

  test('is taken with 204, and with 404 when it does not exist', async () => {
    const world = repos();
    grant(world, 'ann', 'default/member');
    grant(world, 'ann', 'production/owner@repo:payments');
    const emulator = await runPermit(world);
    const take = async (body: object) => (await facts(emulator, 'DELETE', 'role_assignments', body)).status;
    expect(await take(member('ann'))).toBe(204);
    expect(await take(member('ann'))).toBe(404);
    expect(await take(member('nobody'))).toBe(404);
    expect(await take({ user: 'ann', role: 'member' })).toBe(422);
    expect(await take({ ...member('ann', 'owner', 'production'), resource_instance: 'repo:payments' })).toBe(
      204,
    );
    expect(grantsOf(world, 'ann')).toEqual([]);
  });
});

describe('the list of role assignments', () => {
  async function listing() {
    const world = repos();
    grant(world, 'ann', 'default/member');
    grant(world, 'ann', 'production/owner@repo:payments');
    grant(world, 'ben', 'default/admin');
    grant(world, 'ben', 'production/member');
    const emulator = await runPermit(world);
    const list = async (query = '') => (await facts(emulator, 'GET', `role_assignments${query}`)).body;
    return { world, emulator, list };
  }
  const short = (list: { user: string; tenant: string; role: string }[]) =>
    list.map(({ user, tenant, role }) => `${user} ${tenant}/${role}`);

  test.each([
    ['', ['ann default/member', 'ann production/owner', 'ben default/admin', 'ben production/member']],
    ['?user=ann', ['ann default/member', 'ann production/owner']],
    ['?user=ann&user=ben&tenant=default', ['ann default/member', 'ben default/admin']],
    ['?role=member', ['ann default/member', 'ben production/member']],
    ['?role=member&role=admin&tenant=default', ['ann default/member', 'ben default/admin']],
    ['?resource_instance=repo:payments', ['ann production/owner']],
    ['?resource=repo', ['ann production/owner']],
    ['?user=nobody', []],
    ['?page=2&per_page=3', ['ben production/member']],
  ])('is a bare array, filtered by %s', async (query, expected) => {
    const { list } = await listing();
    expect(short(await list(query))).toEqual(expected);
  });

  test('takes 1000 a page at most, and counts when asked', async () => {
    const { list, emulator } = await listing();
    expect(await list('?include_total_count=true&per_page=1000')).toMatchObject({
      total_count: 4,
      page_count: 1,
    });
    expect((await facts(emulator, 'GET', 'role_assignments?per_page=1001')).status).toBe(422);
    expect((await facts(emulator, 'GET', 'role_assignments?detailed=true')).status).toBe(501);
  });

  test('follows changes of the world', async () => {
    const { list, world } = await listing();
    expect(await list('?role=admin')).toHaveLength(1);
    revoke(world, 'ben', 'default/admin');
    expect(await list('?role=admin')).toHaveLength(0);
  });
});

describe('role assignments in bulk', () => {
  test('are made at one go and counted', async () => {
    const world = repos();
    const emulator = await runPermit(world);
    const body = [
      member('ann'),
      member('ann', 'admin'),
      { user: 'ben', role: 'owner', resource_instance: 'repo:payments' },
    ];
    expect(await facts(emulator, 'POST', 'role_assignments/bulk', body)).toMatchObject({
      status: 200,
      body: { assignments_created: 3 },
    });
    expect(grantsOf(world, 'ann')).toEqual(['default/admin', 'default/member']);
    expect(grantsOf(world, 'ben')).toEqual(['production/owner@repo:payments']);
  });

  test.each([
    ['an unknown user', [member('ann'), member('nobody')], 404, 'nobody'],
    ['an unknown role', [member('ann'), member('ben', 'king')], 404, 'king'],
    ['an unknown tenant', [member('ann'), member('ben', 'member', 'moon')], 404, 'moon'],
    [
      'a flaw',
      [member('ann'), { user: 'ben', role: 'no good', tenant: 'default' }],
      422,
      '["body",1,"role"]',
    ],
    ['nothing', [], 400, ''],
    ['too many', Array.from({ length: 2001 }, () => member('ann')), 403, ''],
    ['no list', { operations: [] }, 422, ''],
  ])('with %s are refused, and nothing is made', async (_name, body, status, named) => {
    const world = repos();
    const got = await facts(await runPermit(world), 'POST', 'role_assignments/bulk', body);
    expect(got.status).toBe(status);
    expect(JSON.stringify(got.body)).toContain(named);
    expect(grantsOf(world, 'ann')).toEqual([]);
  });

  test.each([
    ['conflict', 409, undefined],
    ['skip', 200, 1],
  ] as const)('that are there already, or come twice: %s', async (duplicateAssign, status, created) => {
    const world = repos();
    grant(world, 'ann', 'default/member');
    const emulator = await runPermit(world, { duplicateAssign });
    const assign = (body: object[]) => facts(emulator, 'POST', 'role_assignments/bulk', body);
    const got = await assign([member('ben'), member('ann')]);
    expect([got.status, got.body.assignments_created]).toEqual([status, created]);
    expect(grantsOf(world, 'ben')).toEqual(status === 200 ? ['default/member'] : []);
    expect((await assign([member('ben', 'admin'), member('ben', 'admin')])).status).toBe(status);
  });

  test.each([
    ['notFound', 404, ['default/admin', 'default/member']],
    ['ignore', 200, ['default/admin']],
  ] as const)('are taken; the unknown: %s', async (bulkUnassignUnknown, status, left) => {
    const world = repos();
    grant(world, 'ann', 'default/member');
    grant(world, 'ann', 'default/admin');
    const emulator = await runPermit(world, { bulkUnassignUnknown });
    const take = (body: object[]) => facts(emulator, 'DELETE', 'role_assignments/bulk', body);
    const got = await take([member('ann'), member('ben')]);
    expect([got.status, got.body.assignments_removed]).toEqual([status, status === 200 ? 1 : undefined]);
    expect((await take([member('nobody')])).status).toBe(status);
    expect(grantsOf(world, 'ann')).toEqual(left);
    expect((await take([member('ann', 'admin'), member('ann', 'admin')])).body.assignments_removed).toBe(1);
    expect((await take([])).status).toBe(400);
    expect((await take([{ user: 'ann', role: 'member' }])).body.detail[0].loc).toEqual(['body', 0, 'tenant']);
  });
});
