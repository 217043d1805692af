import { describe, expect, onTestFinished, test } from 'vitest';
import {
  addInstance,
  addPermitUser,
  addResource,
  addRole,
  addTenant,
  ENVIRONMENT_KEY,
  type PermitEmulator,
  type PermitSwitches,
  PROJECT_KEY,
  permitWorld,
  startPermitEmulator,
} from '../../src/demo/permit/permit.ts';
import type { FaultAction, FaultRequest } from '../../src/demo/server.ts';
import { openTarget, type TargetOptions, thrownBy, withoutScope } from '../support/adapters.ts';

async function permitWith(users: number, switches: Partial<PermitSwitches> = {}): Promise<PermitEmulator> {
  const world = permitWorld();
  for (let i = 0; i < users; i++) addPermitUser(world, { key: `user-${i}`, grants: ['default/member'] });
  const emulator = await startPermitEmulator(world, switches);
  onTestFinished(() => emulator.close());
  return emulator;
}

const read = (permit: PermitEmulator, options?: TargetOptions) =>
  openTarget(permit, options).reader.readUsers();
const keys = async (users: Promise<readonly { readonly key: string }[]>): Promise<readonly string[]> =>
  (await users).map(({ key }) => key);
const truth = ({ world }: PermitEmulator): readonly string[] => [...world.users.keys()].toSorted();

const isUsersPage =
  (page: number) =>
  ({ path, query }: Pick<FaultRequest, 'path' | 'query'>): boolean =>
    path.endsWith('/users') && query.page === String(page);

describe('reading all users', () => {
  test.each([0, 1, 99, 100, 101, 250, 1000])(
    '%i users in as many pages as they need (CONTRACT §11)',
    async (count) => {
      const permit = await permitWith(count);
      expect(await keys(read(permit))).toEqual(truth(permit));
      expect(withoutScope(permit.requests)).toHaveLength(Math.max(1, Math.ceil(count / 100)));
      expect(permit.requests).toHaveLength(Math.max(1, Math.ceil(count / 100)) + 1);
    },
  );

  test('pages come side by side, never more than 40 (CONTRACT §11)', async () => {
    const permit = await permitWith(6000);
    permit.latencyMs = 300;
    expect(await read(permit)).toHaveLength(6000);
    expect(permit.peakInFlight).toBeGreaterThan(20);
    expect(permit.peakInFlight).toBeLessThanOrEqual(40);
  });

  test('in another order each time: equal lists', async () => {
    const permit = await permitWith(350, { userOrder: 'shuffled' });
    const first = await read(permit);
    expect(await read(permit)).toEqual(first);
    expect(await keys(read(permit))).toEqual(truth(permit));
  });

  test('in an order that changes with every page: an error, never a shorter list', async () => {
    const permit = await permitWith(350, { userOrder: 'unstable' });
    await expect(read(permit)).rejects.toMatchObject({
      code: 'PERMIT_UNAVAILABLE',
      message: expect.stringContaining('does not add up'),
    });
    // Four readings, and no endless run.
    expect(withoutScope(permit.requests)).toHaveLength(16);
  });

  test('without attributes, and with roles on resource instances', async () => {
    const permit = await permitWith(0);
    addResource(permit.world, 'repository', ['push'], { owner: ['push'] });
    addInstance(permit.world, 'repository:api');
    addInstance(permit.world, 'repository:a:b');
    addPermitUser(permit.world, { key: 'none', attributes: null });
    addPermitUser(permit.world, {
      key: 'some',
      attributes: { deep: { is: [1, null] } },
      grants: ['default/admin', 'default/owner@repository:api', 'default/owner@repository:a:b'],
    });
    expect(await read(permit)).toEqual([
      { key: 'none', attributes: {}, grants: [] },
      {
        key: 'some',
        attributes: { deep: { is: [1, null] } },
        grants: [
          { tenant: 'default', role: 'admin' },
          { tenant: 'default', role: 'owner', resource: 'repository:a:b' },
          { tenant: 'default', role: 'owner', resource: 'repository:api' },
        ],
      },
    ]);
  });
});

describe('users who come and go while they are read', () => {
  const changes: Record<string, (permit: PermitEmulator) => void> = {
    'one is added': ({ world }) => addPermitUser(world, { key: 'late' }),
    'one of the first page is deleted': ({ world }) => world.users.delete('user-3'),
    'one of the last page is deleted': ({ world }) => world.users.delete('user-249'),
    'a hundred are added': ({ world }) => {
      for (let i = 0; i < 100; i++) addPermitUser(world, { key: `late-${i}` });
    },
    'two hundred are deleted': ({ world }) => {
      for (let i = 0; i < 200; i++) world.users.delete(`user-${i}`);
    },
  };
  const orders = ['stable', 'shuffled'] as const;

  test.each(
    Object.keys(changes).flatMap((name) =>
      orders.flatMap((order) => [2, 3].map((page) => ({ name, order, page }))),
    ),
  )(
    '$name before page $page is answered ($order order): read again until it adds up',
    async ({ name, order, page }) => {
      const permit = await permitWith(250, { userOrder: order });
      let changed = false;
      permit.onRequest = (request) => {
        if (changed || !isUsersPage(page)(request)) return;
        changed = true;
        changes[name]?.(permit);
      };
      expect(await keys(read(permit))).toEqual(truth(permit));
      expect(changed).toBe(true);
    },
  );

  test('finds every user who was there after two passes, although each request adds one', async () => {
    const permit = await permitWith(250);
    const before = truth(permit);
    let number = 0;
    permit.onRequest = () => {
      addPermitUser(permit.world, { key: `busy-${number++}` });
    };
    expect(await keys(read(permit))).toEqual(expect.arrayContaining([...before]));
    expect(withoutScope(permit.requests).length).toBeLessThanOrEqual(8);
  });
});

describe('users that the application creates while we read (CONTRACT §6.8)', () => {
  /** Changes the users with every so many requests. Pages overtake one another, as they do on a real network. */
  async function busy(
    users: number,
    userOrder: PermitSwitches['userOrder'],
    every: number,
    change: (permit: PermitEmulator, nth: number) => void,
  ) {
    const permit = await permitWith(users, { userOrder });
    permit.faults.push({ match: ({ query }) => Number(query.page) % 3 === 0, do: { kind: 'delay', ms: 20 } });
    const before = truth(permit);
    let requests = 0;
    permit.onRequest = ({ path }) => {
      if (path.endsWith('/users') && ++requests % every === 0) change(permit, requests / every);
    };
    return { permit, before };
  }
  const signUp = ({ world }: PermitEmulator, nth: number): void => {
    addPermitUser(world, { key: `user-${(nth * 7919) % 10_000}-new` });
  };
  const orders = ['stable', 'newest', 'key'] as const;

  test.each([
    { order: 'stable', pages: 40 },
    { order: 'newest', pages: 100 },
    { order: 'key', pages: 40 },
  ] as const)('$pages pages of users (order: $order), four sign-ups in a pass', async ({ order, pages }) => {
    const { permit, before } = await busy(100 * pages, order, pages / 4, signUp);
    const found = new Set(await keys(read(permit)));
    expect(before.filter((key) => !found.has(key))).toEqual([]);
    // Two passes, a few pages for newcomers, and a few users alone.
    expect(withoutScope(permit.requests).length).toBeLessThan(2 * pages + 110);
  });

  test.each(orders)('some leave as well (order: %s)', async (order) => {
    const { permit, before } = await busy(3000, order, 7, (busyPermit, nth) => {
      signUp(busyPermit, nth);
      if (nth % 2 === 0) busyPermit.world.users.delete(`user-${nth * 11}`);
    });
    const found = new Set(await keys(read(permit)));
    const stayed = before.filter((key) => permit.world.users.has(key));
    expect(stayed.filter((key) => !found.has(key))).toEqual([]);
  });
});

describe('a page that never comes', () => {
  const faults: Record<string, FaultAction> = {
    '500': { kind: 'answer', status: 500, body: { title: 'oops', message: 'oops' } },
    '502 with HTML': { kind: 'answer', status: 502, body: '<h1>Bad gateway</h1>' },
    '503 with null': { kind: 'answer', status: 503, body: null },
    reset: { kind: 'reset', when: 'before' },
    hang: { kind: 'hang', when: 'before' },
    truncated: { kind: 'truncate' },
    null: { kind: 'answer', status: 200, body: null },
    '{}': { kind: 'answer', status: 200, body: {} },
    HTML: { kind: 'answer', status: 200, body: '<h1>Welcome</h1>' },
    'no total': { kind: 'answer', status: 200, body: { data: [] } },
    'a total that is no number': { kind: 'answer', status: 200, body: { data: [], total_count: '250' } },
    'users without a key': { kind: 'answer', status: 200, body: { data: [{ id: 'x' }], total_count: 1 } },
    'grants that can not be read': {
      kind: 'answer',
      status: 200,
      body: { data: [{ key: 'x', attributes: {}, associated_tenants: [{ tenant: 7 }] }], total_count: 1 },
    },
  };
  const patience = ({ kind }: FaultAction) => (kind === 'hang' ? { readTimeoutMs: 1_000 } : {});
  const retry = { retries: 2, firstWaitMs: 1, longestWaitMs: 2 };

  test.each(
    Object.entries(faults).flatMap(([name, action]) => [1, 2, 3].map((page) => ({ name, action, page }))),
  )('$name for page $page: an error', async ({ action, page }) => {
    const permit = await permitWith(250);
    permit.faults.push({ match: isUsersPage(page), do: action });
    await expect(read(permit, { ...patience(action), retry })).rejects.toMatchObject({
      name: 'SyncError',
      code: 'PERMIT_UNAVAILABLE',
    });
  });

  test.each(Object.entries(faults))('%s for a while: all users', async (_, action) => {
    const permit = await permitWith(250);
    permit.faults.push({ match: ({ path }) => path.endsWith('/users'), times: 4, do: action });
    expect(await keys(read(permit, patience(action)))).toEqual(truth(permit));
  });

  test.each([
    ['fewer users than it counts', { data: [], total_count: 250, page_count: 3 }],
    ['another total', { data: [], total_count: 0, page_count: 0 }],
    [
      'users of another page',
      { data: [{ key: 'user-1', attributes: {}, associated_tenants: [] }], total_count: 250, page_count: 3 },
    ],
  ])('%s on one page: an error, never a shorter list', async (_, body) => {
    const permit = await permitWith(250);
    permit.faults.push({ match: isUsersPage(2), do: { kind: 'answer', status: 200, body } });
    await expect(read(permit)).rejects.toMatchObject({ code: 'PERMIT_UNAVAILABLE' });
  });
});

describe('the API key', () => {
  test('is asked for its scope once', async () => {
    const permit = await permitWith(300);
    permit.latencyMs = 5;
    const { reader } = openTarget(permit);
    await Promise.all([
      reader.readUsers(),
      reader.readUsers(),
      reader.findMissing([{ tenant: 'default', role: 'admin' }], []),
    ]);
    expect(permit.requests.filter(({ path }) => path === '/v2/api-key/scope')).toHaveLength(1);
  });

  test('of a project is refused, with what to do', async () => {
    const permit = await permitWith(3);
    await expect(read(permit, { apiKey: PROJECT_KEY })).rejects.toMatchObject({
      code: 'PERMIT_AUTH',
      message: expect.stringContaining('a whole project'),
    });
    expect(permit.requests).toHaveLength(1);
  });

  test('that is wrong is refused at once', async () => {
    const permit = await permitWith(3);
    await expect(read(permit, { apiKey: 'permit_key_wrong' })).rejects.toMatchObject({ code: 'PERMIT_AUTH' });
    expect(permit.requests).toHaveLength(1);
  });

  test('that is revoked after the scope was told', async () => {
    const permit = await permitWith(3);
    permit.onRequest = ({ path }) => {
      if (path.endsWith('/users')) permit.world.apiKeys.delete(ENVIRONMENT_KEY);
    };
    await expect(read(permit)).rejects.toMatchObject({ code: 'PERMIT_AUTH' });
    expect(permit.requests).toHaveLength(2);
  });

  test('a scope that fails for a while is asked again, by one call for all', async () => {
    const permit = await permitWith(3);
    permit.faults.push({
      match: ({ path }) => path.endsWith('/scope'),
      times: 1,
      do: { kind: 'answer', status: 503, body: null },
    });
    permit.faults.push({
      match: ({ path }) => path.endsWith('/scope'),
      times: 1,
      do: { kind: 'reset', when: 'before' },
    });
    permit.faults.push({
      match: ({ path }) => path.endsWith('/scope'),
      times: 1,
      do: { kind: 'hang', when: 'before' },
    });
    const { reader } = openTarget(permit, { readTimeoutMs: 1_000 });
    await Promise.all([reader.readUsers(), reader.readUsers()]);
    expect(permit.requests.filter(({ path }) => path.endsWith('/scope')).length).toBeLessThanOrEqual(8);
  });

  test('Permit does not exist at all', async () => {
    const permit = await permitWith(0);
    await permit.close();
    await expect(read(permit)).rejects.toMatchObject({ code: 'PERMIT_UNAVAILABLE' });
  });
});

describe('a rate limit of Permit', () => {
  test('without Retry-After is waited out, no matter how often it occurs', async () => {
    const permit = await permitWith(500);
    permit.faults.push({
      match: ({ path }) => path.endsWith('/users'),
      times: 30,
      do: { kind: 'answer', status: 429, body: { detail: 'Rate limit exceeded' } },
    });
    expect(await read(permit)).toHaveLength(500);
  });

  test('with Retry-After is respected', async () => {
    const permit = await permitWith(5);
    permit.faults.push({
      match: ({ path }) => path.endsWith('/users'),
      times: 1,
      do: { kind: 'answer', status: 429, headers: { 'retry-after': '1' }, body: null },
    });
    const began = performance.now();
    expect(await read(permit)).toHaveLength(5);
    expect(performance.now() - began).toBeGreaterThanOrEqual(1000);
  });

  test('longer than the run may last ends it at once', async () => {
    const permit = await permitWith(5);
    permit.faults.push({
      match: ({ path }) => path.endsWith('/users'),
      do: { kind: 'answer', status: 429, headers: { 'retry-after': '3600' }, body: null },
    });
    const error = await thrownBy(() => read(permit));
    expect(error).toMatchObject({ code: 'PERMIT_UNAVAILABLE', message: expect.stringContaining('429') });
    expect(withoutScope(permit.requests)).toHaveLength(1);
  });
});

describe('roles and tenants that are missing', () => {
  const missing = (permit: PermitEmulator, grants: readonly { tenant: string; role: string }[]) =>
    openTarget(permit).reader.findMissing(grants, []);

  test('are all named, sorted, among more than a hundred', async () => {
    const permit = await permitWith(0);
    for (let i = 0; i < 250; i++) addRole(permit.world, `role-${i}`);
    for (let i = 0; i < 5; i++) addTenant(permit.world, `tenant-${i}`);
    const grants = ['zebra', 'role-0', 'role-100', 'role-249', 'ape'].flatMap((role) =>
      ['nowhere', 'tenant-0', 'tenant-4', 'default', 'elsewhere'].map((tenant) => ({ tenant, role })),
    );
    expect(await missing(permit, grants)).toMatchObject({
      roles: ['ape', 'zebra'],
      tenants: ['elsewhere', 'nowhere'],
    });
    // At most six requests beyond the users, the scope included.
    expect(permit.requests.length).toBeLessThanOrEqual(6);
  });

  test('one tenant is asked for alone', async () => {
    const permit = await permitWith(0);
    expect(await missing(permit, [{ tenant: 'default', role: 'admin' }])).toMatchObject({
      roles: [],
      tenants: [],
    });
    expect(permit.requests.filter(({ path }) => path.endsWith('/tenants/default'))).toHaveLength(1);
    expect(await missing(permit, [{ tenant: 'no-such', role: 'admin' }])).toMatchObject({
      roles: [],
      tenants: ['no-such'],
    });
  });

  test.each(['null', 'HTML', '500'])(
    '%s instead of a tenant does not say whether it exists',
    async (what) => {
      const permit = await permitWith(0);
      const answer = {
        null: { status: 200, body: null },
        HTML: { status: 200, body: '<p>' },
        '500': { status: 500, body: {} },
      }[what];
      permit.faults.push({
        match: ({ path }) => path.includes('/tenants/'),
        do: { kind: 'answer', ...(answer ?? { status: 500 }) },
      });
      await expect(missing(permit, [{ tenant: 'default', role: 'admin' }])).rejects.toMatchObject({
        code: 'PERMIT_UNAVAILABLE',
      });
    },
  );
});
