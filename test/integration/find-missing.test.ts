import { describe, expect, onTestFinished, test } from 'vitest';
import {
  addInstance,
  addPermitUser,
  addResource,
  addRole,
  addTenant,
  type PermitEmulator,
  type PermitSwitches,
  permitWorld,
  startPermitEmulator,
} from '../../src/demo/permit/permit.ts';
import type { Grant } from '../../src/model/grant.ts';
import type { GitHubId } from '../../src/model/identity.ts';
import type { Member } from '../../src/model/member.ts';
import { ACME_ID, githubOf, openTarget, outcomes, reconcileOnce, withoutScope } from '../support/adapters.ts';
import { allow } from '../support/builders.ts';

const range = (count: number): readonly number[] => Array.from({ length: count }, (_, index) => index);
const NOTHING = { roles: [], tenants: [], instances: [] };

type Size = { readonly tenants: number; readonly types: number; readonly instances: number };

/** Permit with a user, and with things around it that no plan names. */
async function permitWith(
  { tenants, types, instances }: Size,
  { beside = 0, ...switches }: Partial<PermitSwitches> & { readonly beside?: number } = {},
): Promise<PermitEmulator> {
  const world = permitWorld();
  addResource(world, 'other', ['read'], { reader: ['read'] });
  for (const i of range(beside)) {
    addRole(world, `a-role-${i}`);
    addTenant(world, `a-tenant-${i}`);
    addResource(world, `a-type-${i}`, ['read'], { reader: ['read'] });
    for (const j of range(20)) addInstance(world, `other:${i}-${j}`);
  }
  for (const i of range(tenants)) addTenant(world, `tenant-${i}`);
  for (const i of range(types))
    addResource(world, `type-${i}`, ['read'], { owner: ['read'], reader: ['read'] });
  for (const i of range(instances)) addInstance(world, `type-${i % types}:${i}`, `tenant-${i % tenants}`);
  addPermitUser(world, { key: 'somebody', grants: ['default/member'] });
  const emulator = await startPermitEmulator(world, switches);
  onTestFinished(() => emulator.close());
  return emulator;
}

/** Every role in every tenant, and both roles on every instance. */
const grantsOf = ({ tenants, types, instances }: Size): readonly Grant[] => [
  ...range(tenants).flatMap((i) => ['admin', 'member'].map((role) => ({ tenant: `tenant-${i}`, role }))),
  ...range(instances).flatMap((i) =>
    ['owner', 'reader'].map((role) => ({
      tenant: `tenant-${i % tenants}`,
      role,
      resource: `type-${i % types}:${i}`,
    })),
  ),
];

async function missing(permit: PermitEmulator, grants: readonly Grant[]) {
  const { reader } = openTarget(permit);
  const users = await reader.readUsers();
  permit.requests.length = 0;
  return reader.findMissing(grants, users);
}

const reads = (permit: PermitEmulator): number => withoutScope(permit.requests).length;

describe('the reads beyond the users (CONTRACT §11: at most 6)', () => {
  const sizes = [1, 2, 5, 30].flatMap((tenants) =>
    [1, 2, 8].flatMap((types) => [1, 8, 40].map((instances) => ({ tenants, types, instances }))),
  );
  test.each(sizes)('$tenants tenants, $instances instances of $types types', async (size) => {
    const permit = await permitWith(size);
    expect(await missing(permit, grantsOf(size))).toEqual(NOTHING);
    expect(reads(permit)).toBeLessThanOrEqual(4);
  });

  const large = { tenants: 30, types: 8, instances: 40 };

  test('beside thousands of other instances, and nearly a hundred of everything else', async () => {
    const permit = await permitWith(large, { beside: 65 });
    expect(await missing(permit, grantsOf(large))).toEqual(NOTHING);
    expect(reads(permit)).toBe(4);
  });

  test('100 instances', async () => {
    const size = { tenants: 3, types: 3, instances: 100 };
    const permit = await permitWith(size, { beside: 10 });
    expect(await missing(permit, grantsOf(size))).toEqual(NOTHING);
    expect(reads(permit)).toBe(4);
  });

  test.each([26, 250])('%i instances: a search takes 100 values, and more of them are refused', async (n) => {
    const size = { tenants: 3, types: 3, instances: n };
    const permit = await permitWith(size);
    expect(await missing(permit, grantsOf(size))).toEqual(NOTHING);
    expect(reads(permit)).toBe(3 + Math.ceil(n / 100));
    expect(permit.requests.filter(({ status }) => status >= 400)).toEqual([]);
  });

  test('instances with keys so long that their URL would be cut off', async () => {
    const size = { tenants: 1, types: 1, instances: 1 };
    const permit = await permitWith(size);
    const grants = range(90).map((i) => {
      const resource = `type-0:${'k'.repeat(200)}-${i}`;
      addInstance(permit.world, resource, 'tenant-0');
      return { tenant: 'tenant-0', role: 'owner', resource };
    });
    expect(await missing(permit, grants)).toEqual(NOTHING);
    const lengths = permit.requests.map(({ query }) => (query.search ?? '').length);
    expect(Math.max(...lengths)).toBeLessThan(7000);
  });

  test.each([
    { what: 'a role', grant: { tenant: 'default', role: 'admin' } },
    { what: 'a tenant', grant: { tenant: 'tenant-0', role: 'member' } },
  ])('$what that is the only new thing beside hundreds: one', async ({ grant }) => {
    const permit = await permitWith(large, { beside: 300 });
    expect(await missing(permit, [grant])).toEqual(NOTHING);
    expect(reads(permit)).toBe(1);
  });

  test('hundreds of roles, two of them new: what is cheaper', async () => {
    const permit = await permitWith(large, { beside: 350 });
    const grants = ['a-role-340', 'a-role-7'].map((role) => ({ tenant: 'default', role }));
    expect(await missing(permit, grants)).toEqual(NOTHING);
    expect(reads(permit)).toBe(2);
  });

  test('other combinations that grants of others name are not requested', async () => {
    const permit = await permitWith(large);
    const { world } = permit;
    addPermitUser(world, { key: 'a', grants: ['tenant-1/admin', 'tenant-0/owner@type-0:0'] });
    addPermitUser(world, { key: 'b', grants: ['tenant-1/reader@type-1:1'] });
    const grants = [
      { tenant: 'tenant-0', role: 'admin' },
      { tenant: 'tenant-1', role: 'member' },
    ];
    expect(await missing(permit, grants)).toEqual(NOTHING);
    expect(reads(permit)).toBe(0);
  });

  test('a role on an instance is not a role of the environment, nor vice versa', async () => {
    const permit = await permitWith(large);
    addPermitUser(permit.world, { key: 'a', grants: ['tenant-0/owner@type-0:0'] });
    const grants = [
      { tenant: 'default', role: 'owner' },
      { tenant: 'tenant-0', role: 'member', resource: 'type-0:0' },
    ];
    expect(await missing(permit, grants)).toEqual({
      ...NOTHING,
      roles: ['owner', 'member of the resource type-0'],
    });
  });
});

describe('a whole run (CONTRACT §11: at most ⌈U/100⌉ + 6 reads)', () => {
  const size = { tenants: 30, types: 8, instances: 40 };
  const rules = grantsOf(size).map(({ tenant, role, resource }) =>
    allow('github:acme:role:*', role, { tenant, ...(resource === undefined ? {} : { resource }) }),
  );
  const joiner = { id: 7 as GitHubId, login: 'joiner', role: 'member' } as const;

  test('30 tenants and 40 instances of 8 types that nobody is in yet', async () => {
    const permit = await permitWith(size, { beside: 50 });
    for (const i of range(249)) addPermitUser(permit.world, { key: `foreign-${i}` });
    const run = await reconcileOnce({ github: githubOf([joiner]), permit }, { request: { rules } });
    expect(outcomes(run)).toEqual({ applied: 1 + 140 });
    const gets = withoutScope(permit.requests).filter(({ method }) => method === 'GET');
    expect(gets.length).toBeLessThanOrEqual(3 + 4);
  });

  test('the second lookup does not request the same things again', async () => {
    const permit = await permitWith(size);
    const attributes = {
      github_id: 8,
      github_login: 'late',
      github_orgs: [ACME_ID],
      managed_by: 'gh-permit-sync:default',
      managed_origin: 'created',
    };
    addPermitUser(permit.world, { key: 'late', attributes, grants: ['tenant-0/member'] });
    // Not in the listing, and an owner when asked about alone: a grant that the first plan did not make.
    const late: Member = { id: 8 as GitHubId, login: 'late', role: 'admin' };
    const github = { ...githubOf([joiner, late]), listOrg: githubOf([joiner]).listOrg };
    const request = {
      rules: [
        allow('github:acme:role:admin', 'admin', { tenant: 'tenant-1' }),
        allow('github:acme:role:member', 'admin', { tenant: 'tenant-2' }),
        allow('github:acme:role:member', 'member', { tenant: 'tenant-1' }),
      ],
    };
    const run = await reconcileOnce({ github, permit }, { request });
    expect(run.results.map(({ change }) => change.user)).toContain('late');
    expect(outcomes(run)).toEqual({ applied: run.results.length });
    const gets = withoutScope(permit.requests).filter(({ method }) => method === 'GET');
    // The users; the role that nobody holds; two tenants in one listing.
    expect(gets).toHaveLength(3);
  });
});

describe('what is missing', () => {
  const size = { tenants: 12, types: 4, instances: 40 };

  test('is all named, sorted, and nothing else is', async () => {
    const permit = await permitWith(size, { beside: 120 });
    const { world } = permit;
    for (const i of [3, 11]) world.instances.delete(`type-${i % 4}:${i}`);
    addInstance(world, 'type-1:5', 'tenant-0');
    addTenant(world, 'unused');
    const grants = [
      ...grantsOf(size),
      { tenant: 'nowhere', role: 'ghost' },
      { tenant: 'gone', role: 'auditor', resource: 'type-0:0' },
      { tenant: 'tenant-0', role: 'owner', resource: 'no-type:1' },
    ];
    expect(await missing(permit, grants)).toEqual({
      roles: ['ghost', 'auditor of the resource type-0', 'owner of the resource no-type'],
      tenants: ['gone', 'nowhere'],
      instances: [
        'no-type:1 in the tenant tenant-0',
        'type-0:0 in the tenant gone (it is in tenant-0)',
        'type-1:5 in the tenant tenant-5 (it is in tenant-0)',
        'type-3:11 in the tenant tenant-11',
        'type-3:3 in the tenant tenant-3',
      ],
    });
  });

  test.each(['key', 'partial', 'ignored'] as const)(
    'instances, where search is: %s',
    async (instanceSearch) => {
      const permit = await permitWith(size, { beside: 20, instanceSearch });
      permit.world.instances.delete('type-2:2');
      expect(await missing(permit, grantsOf(size))).toEqual({
        ...NOTHING,
        instances: ['type-2:2 in the tenant tenant-2'],
      });
    },
  );

  test('a search that finds nothing does not prove an absence', async () => {
    const permit = await permitWith(size);
    permit.faults.push({
      match: ({ path }) => path.endsWith('/resource_instances/detailed'),
      do: { kind: 'answer', status: 200, body: { data: [], total_count: 0, page_count: 0 } },
    });
    expect(await missing(permit, grantsOf(size))).toEqual(NOTHING);
  });

  test.each(['tenants', 'roles', 'resources'])('a list of %s that shifts between pages', async (what) => {
    const permit = await permitWith(size, { beside: 250 });
    const { world } = permit;
    // The first of the list goes when page 2 is asked for: the first of page 2 is on neither.
    permit.onRequest = ({ path, query }) => {
      if (!path.endsWith(`/${what}`) || query.page !== '2') return;
      world.tenants.delete('a-tenant-0');
      world.roles.delete('a-role-0');
      world.resources.delete('a-type-0');
    };
    const named = {
      tenants: range(250).map((i) => ({ tenant: `a-tenant-${i}`, role: 'member' })),
      roles: range(250).map((i) => ({ tenant: 'default', role: `a-role-${i}` })),
      resources: range(250).map((i) => {
        addInstance(world, `a-type-${i}:x`);
        return { tenant: 'default', role: 'reader', resource: `a-type-${i}:x` };
      }),
    }[what];
    expect(await missing(permit, (named ?? []).slice(1))).toEqual(NOTHING);
  });

  test.each([
    ['null', { status: 200, body: null }],
    ['HTML', { status: 200, body: '<p>' }],
    ['500', { status: 500, body: {} }],
    ['an instance without a tenant', { status: 200, body: [{ key: 'x', resource: 'type-0' }] }],
  ])('%s instead of a listing says nothing about what exists', async (_, answer) => {
    for (const what of ['roles', 'tenants', 'resources', 'resource_instances/detailed']) {
      const permit = await permitWith(size);
      permit.world.users.delete('somebody');
      permit.faults.push({
        match: ({ path }) => path.endsWith(`/${what}`),
        do: { kind: 'answer', ...answer },
      });
      const found = missing(permit, grantsOf(size));
      if (Array.isArray(answer.body) && what !== 'resource_instances/detailed')
        await expect(found).resolves.toEqual(NOTHING);
      else await expect(found).rejects.toMatchObject({ code: 'PERMIT_UNAVAILABLE' });
    }
  });
});
