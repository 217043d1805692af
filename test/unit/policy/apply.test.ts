import { describe, expect, onTestFinished, test } from 'vitest';
import {
  addResource,
  addRole,
  addTenant,
  type PermitEmulator,
  type PermitSwitches,
  type PermitWorld,
  permitWorld,
  startPermitEmulator,
} from '../../../src/demo/permit/permit.ts';
import type { Fault } from '../../../src/demo/server.ts';
import { startStop } from '../../../src/http/stop.ts';
import { SyncError } from '../../../src/model/errors.ts';
import { PUBLISHED_PACE } from '../../../src/model/pace.ts';
import type { WantedPolicy } from '../../../src/model/policy.ts';
import { createPolicyReader, createPolicyWriter } from '../../../src/permit/permit-schema.ts';
import { defaultPolicy } from '../../../src/policy/default-policy.ts';
import { type PolicySetUp, setUpPolicy } from '../../../src/policy/set-up-policy.ts';
import { FAST, noPause, openTarget, type TargetOptions, thrownBy } from '../../support/adapters.ts';
import { virtualClock } from '../../support/virtual-clock.ts';
import { line } from './support.ts';

/** An environment without any role, tenant or resource. */
function emptyWorld(): PermitWorld {
  const world = permitWorld();
  world.roles.clear();
  world.tenants.clear();
  return world;
}

async function emulate(
  world = emptyWorld(),
  switches: Partial<PermitSwitches> = {},
): Promise<PermitEmulator> {
  const permit = await startPermitEmulator(world, switches);
  onTestFinished(() => permit.close());
  return permit;
}

type SetUp = TargetOptions & {
  readonly policy?: WantedPolicy;
  readonly allowRevoke?: number;
  readonly mayRevoke?: boolean;
};

function setUp(permit: PermitEmulator, options: SetUp = {}): Promise<PolicySetUp> {
  const { sdk, control } = openTarget(permit, options);
  const ports = { sdk, stop: control.stop, retry: FAST };
  return setUpPolicy(
    {
      wanted: options.policy ?? defaultPolicy(['default']),
      allowRevoke: options.allowRevoke ?? 0,
      mayRevoke: options.mayRevoke ?? true,
    },
    {
      reader: createPolicyReader(ports),
      writer: options.mayWrite === false ? undefined : createPolicyWriter(ports),
      pause: noPause,
      suggest: () => '',
      refuse: (problems) =>
        new SyncError('CONFIG_INVALID', problems.map(({ message }) => message).join('\n'), ''),
      announce: () => undefined,
    },
  );
}

/** What Permit holds, in short. */
const state = ({ world }: PermitEmulator) => ({
  resources: Object.fromEntries(
    [...world.resources].map(([key, { actions }]) => [key, Object.keys(actions).sort()]),
  ),
  roles: Object.fromEntries([...world.roles].map(([key, { permissions }]) => [key, [...permissions].sort()])),
  tenants: [...world.tenants.keys()].sort(),
});

const ACTIONS = ['create-repo', 'delete-repo', 'edit-repo', 'view-private-repo'];
const DEMO = {
  resources: { membership: ACTIONS },
  roles: {
    admin: ACTIONS.map((action) => `membership:${action}`),
    member: ['membership:view-private-repo'],
  },
  tenants: ['default'],
};

const sent = ({ requests }: PermitEmulator): readonly string[] =>
  requests
    .filter(({ method }) => method !== 'GET')
    .map(({ method, path, status }) => `${method} ${path.split('/').slice(5).join('/')} ${status}`);

const ended = ({ results }: PolicySetUp): readonly string[] =>
  results.map(({ change, outcome }) => {
    const why =
      outcome.kind === 'failed' ? ` ${outcome.code}` : outcome.kind === 'skipped' ? `: ${outcome.why}` : '';
    return `${line(change)} ${outcome.kind}${why}`;
  });
const lost = (done: PolicySetUp): readonly string[] => ended(done).filter((one) => !one.endsWith(' applied'));

const strike = (
  permit: PermitEmulator,
  method: string,
  path: string,
  rest: Pick<Fault, 'do' | 'times'>,
): void => {
  const match: Fault['match'] = (request) => request.method === method && request.path.endsWith(path);
  permit.faults.push({ match, ...rest });
};

test('the policy of the demo in an empty environment, and a second run that writes nothing', async () => {
  const permit = await emulate();
  const first = await setUp(permit);
  expect(lost(first)).toEqual([]);
  expect(state(permit)).toEqual(DEMO);
  expect(sent(permit)).toEqual([
    'POST resources 200',
    'POST roles 200',
    'POST roles 200',
    'POST roles/admin/permissions 200',
    'POST roles/member/permissions 200',
    'POST tenants 200',
  ]);
  permit.requests.length = 0;
  const second = await setUp(permit);
  expect(second.results).toEqual([]);
  expect(sent(permit)).toEqual([]);
  // The scope, resources, roles, the tenant.
  expect(permit.requests).toHaveLength(4);
});

test('more than 40 POSTs wait for the limit of the schema, and say so (issue 9.5)', async () => {
  let underWay = 0;
  const waits: string[] = [];
  const clock = virtualClock(() => underWay === 0);
  const permit = await emulate(emptyWorld(), { rateLimits: 'on', now: clock.now });
  const permissions = ['membership:edit-repo'];
  const roles = Object.fromEntries(Array.from({ length: 60 }, (_, i) => [`role-${i}`, { permissions }]));
  const done = await setUp(permit, {
    policy: { ...defaultPolicy([]), roles },
    pace: PUBLISHED_PACE,
    paceTiming: clock,
    timeoutMs: 3_600_000,
    watch: {
      onStart: () => underWay++,
      onEnd: () => underWay--,
      onWait: (limit) => {
        waits.push(limit);
        return () => undefined;
      },
    },
  });
  expect(lost(done)).toEqual([]);
  expect(permit.world.roles.size).toBe(60);
  // One resource, 60 roles, 60 times permissions: nobody ever met a 429.
  expect(permit.requests.filter(({ status }) => status === 429)).toEqual([]);
  expect(new Set(waits)).toEqual(new Set(["Permit's limit of 40 schema POSTs a minute"]));
});

test('existing parts are completed, and nothing is lost', async () => {
  const world = emptyWorld();
  const before = addResource(world, 'membership', ['edit-repo', 'archive-repo'], { owner: ['edit-repo'] });
  addResource(world, 'invoice', ['pay']);
  addRole(world, 'admin', ['membership:edit-repo']);
  addRole(world, 'accountant', ['invoice:pay', 'membership:archive-repo']);
  addTenant(world, 'default', 'Default Tenant');
  const permit = await emulate(world);
  const policy = defaultPolicy(['default']);
  const described = {
    ...policy,
    resources: { membership: { ...policy.resources.membership, actions: [...ACTIONS], name: 'Membership' } },
  };
  expect(lost(await setUp(permit, { policy: described }))).toEqual([]);
  expect(state(permit)).toEqual({
    resources: { membership: [...ACTIONS, 'archive-repo'].sort(), invoice: ['pay'] },
    roles: { ...DEMO.roles, accountant: ['invoice:pay', 'membership:archive-repo'] },
    tenants: ['default'],
  });
  const after = world.resources.get('membership');
  expect(after?.name).toBe('Membership');
  expect(after?.roles).toEqual(before.roles);
  expect(after?.actions['edit-repo']).toEqual(before.actions['edit-repo']);
  expect(world.tenants.get('default')?.name).toBe('Default Tenant');
});

describe('permissions beyond the policy', () => {
  const start = async (): Promise<PermitEmulator> => {
    const world = emptyWorld();
    addResource(world, 'membership', ACTIONS);
    addRole(world, 'member', [
      'membership:view-private-repo',
      'membership:edit-repo',
      'membership:delete-repo',
    ]);
    return emulate(world);
  };

  test('are not removed without permission, and then nothing is written at all', async () => {
    const permit = await start();
    const { verdict, results } = await setUp(permit, { allowRevoke: 1 });
    expect(verdict.violations).toEqual([
      { limit: 'revocations', allowed: 1, planned: 2, override: '--allow-revoke 2' },
    ]);
    expect(new Set(results.map(({ outcome }) => outcome.kind))).toEqual(new Set(['skipped']));
    expect(sent(permit)).toEqual([]);
  });

  test('are removed with permission, after what is given', async () => {
    const permit = await start();
    expect(lost(await setUp(permit, { allowRevoke: 2 }))).toEqual([]);
    expect(state(permit)).toEqual(DEMO);
    expect(sent(permit)).toContain('DELETE roles/member/permissions 200');
  });

  test('are kept if nothing may be removed', async () => {
    const permit = await start();
    const { plan, verdict } = await setUp(permit, { mayRevoke: false });
    expect(verdict.verdict).toBe('pass');
    expect(plan.kept.map(({ permission }) => permission)).toEqual([
      'membership:delete-repo',
      'membership:edit-repo',
    ]);
    expect(state(permit).roles.member).toHaveLength(3);
  });

  test('stay if what replaces them could not be given', async () => {
    const permit = await start();
    addRole(permit.world, 'member', ['membership:edit-repo']);
    strike(permit, 'POST', '/roles/member/permissions', {
      do: { kind: 'answer', status: 400, body: { message: 'no' } },
    });
    const done = await setUp(permit, { allowRevoke: 5 });
    expect(lost(done)).toEqual([
      '+ member membership:view-private-repo failed PERMIT_REFUSED',
      '- member membership:edit-repo skipped: the role would be left without membership:view-private-repo, which could not be given',
    ]);
    expect(state(permit).roles.member).toEqual(['membership:edit-repo']);
  });
});

test('a dry run sends nothing but GET', async () => {
  const permit = await emulate();
  const { results } = await setUp(permit, { mayWrite: false });
  expect(results.every(({ outcome }) => outcome.kind === 'planned')).toBe(true);
  expect(results).toHaveLength(13);
  expect(sent(permit)).toEqual([]);
});

test('flaws are found before any request if the policy shows them, else before any write', async () => {
  const permit = await emulate();
  const policy = (permission: string): WantedPolicy => ({
    resources: { doc: { actions: ['read'] } },
    roles: { boss: { permissions: [permission] } },
    tenants: {},
  });
  expect(await thrownBy(() => setUp(permit, { policy: policy('doc:red') }))).toMatchObject({
    code: 'CONFIG_INVALID',
  });
  expect(permit.requests).toEqual([]);
  expect(await thrownBy(() => setUp(permit, { policy: policy('file:*') }))).toMatchObject({
    code: 'CONFIG_INVALID',
  });
  expect(permit.requests.length).toBeGreaterThan(0);
  expect(sent(permit)).toEqual([]);
});

describe('faults', () => {
  const DOUBTFUL: readonly (readonly [string, Fault['do']])[] = [
    ['a reset after the work', { kind: 'reset', when: 'after' }],
    ['a reset before the work', { kind: 'reset', when: 'before' }],
    ['a 502 after the work', { kind: 'failAfter', status: 502, body: '<html>bad gateway</html>' }],
    ['a 500 before the work', { kind: 'answer', status: 500, body: null }],
    ['half an answer', { kind: 'truncate' }],
    ['a page of HTML', { kind: 'answer', status: 200, body: '<html>sign in</html>' }],
    ['a rate limit', { kind: 'answer', status: 429, body: { message: 'slow down' } }],
  ];
  const WRITES = ['/resources', '/roles', '/roles/admin/permissions', '/tenants'];

  describe.each(DOUBTFUL)('%s', (_, action) => {
    test.each(WRITES)('on POST %s', async (path) => {
      const permit = await emulate();
      strike(permit, 'POST', path, { do: action, times: 1 });
      expect(lost(await setUp(permit))).toEqual([]);
      expect(state(permit)).toEqual(DEMO);
    });

    test('on every write once', async () => {
      const permit = await emulate();
      const struck = new Set<string>();
      const match: Fault['match'] = ({ method, path }) => {
        if (method === 'GET' || struck.has(path)) return false;
        struck.add(path);
        return true;
      };
      permit.faults.push({ match, do: action });
      expect(lost(await setUp(permit))).toEqual([]);
      expect(state(permit)).toEqual(DEMO);
    });

    test('on removals and changes', async () => {
      const world = emptyWorld();
      addResource(world, 'membership', ACTIONS);
      addRole(world, 'member', ['membership:view-private-repo', 'membership:edit-repo']);
      const permit = await emulate(world);
      const policy = defaultPolicy(['default']);
      const named = {
        ...policy,
        roles: { ...policy.roles, member: { permissions: ['membership:view-private-repo'], name: 'Member' } },
      };
      strike(permit, 'DELETE', '/roles/member/permissions', { do: action, times: 1 });
      strike(permit, 'PATCH', '/roles/member', { do: action, times: 1 });
      expect(lost(await setUp(permit, { policy: named, allowRevoke: 1 }))).toEqual([]);
      expect(state(permit)).toEqual(DEMO);
      expect(world.roles.get('member')?.name).toBe('Member');
    });
  });

  test('what somebody else made in the meantime is read again, and completed', async () => {
    const permit = await emulate();
    permit.onRequest = ({ method, path }) => {
      if (method === 'GET') return;
      const { world } = permit;
      if (path.endsWith('/resources') && !world.resources.has('membership'))
        addResource(world, 'membership', ['edit-repo']);
      if (path.endsWith('/roles') && !world.roles.has('member')) addRole(world, 'member');
      if (path.endsWith('/tenants') && !world.tenants.has('default')) addTenant(world, 'default');
    };
    expect(lost(await setUp(permit))).toEqual([]);
    expect(state(permit)).toEqual(DEMO);
  });

  test('what somebody else made in the meantime under another name is left to the next run', async () => {
    const permit = await emulate();
    permit.onRequest = ({ method, path }) => {
      const { tenants } = permit.world;
      if (method === 'POST' && path.endsWith('/tenants') && !tenants.has('prod'))
        addTenant(permit.world, 'prod', 'Theirs');
    };
    const policy: WantedPolicy = { resources: {}, roles: {}, tenants: { prod: { name: 'Ours' }, test: {} } };
    expect(lost(await setUp(permit, { policy }))).toEqual([
      '+ tenant prod {"name":"Ours"} failed PERMIT_REFUSED',
    ]);
    expect(permit.world.tenants.has('test')).toBe(true);
    expect(lost(await setUp(permit, { policy }))).toEqual([]);
    expect(permit.world.tenants.get('prod')?.name).toBe('Ours');
  });

  test('nothing is added to a resource that somebody else made in the meantime under another name', async () => {
    const permit = await emulate();
    permit.onRequest = ({ method, path }) => {
      const { resources } = permit.world;
      if (method === 'POST' && path.endsWith('/resources') && !resources.has('doc'))
        addResource(permit.world, 'doc', []);
    };
    const policy: WantedPolicy = {
      resources: { doc: { name: 'Document', actions: ['read'] } },
      roles: {},
      tenants: {},
    };
    expect(lost(await setUp(permit, { policy }))).toEqual([
      '+ resource doc {"name":"Document"} failed PERMIT_REFUSED',
      '+ action doc:read skipped: the resource doc could not be created',
    ]);
    expect(sent(permit)).toEqual(['POST resources 409']);
  });

  test('a write in doubt is read before it is sent again', async () => {
    const permit = await emulate();
    strike(permit, 'POST', '/tenants', { do: { kind: 'answer', status: 503, body: {} }, times: 1 });
    const policy: WantedPolicy = { resources: {}, roles: {}, tenants: { prod: {} } };
    expect(lost(await setUp(permit, { policy }))).toEqual([]);
    const seen = permit.requests.map(({ method, path }) => `${method} ${path.split('/').slice(5).join('/')}`);
    expect(seen.slice(-3)).toEqual(['POST tenants', 'GET tenants/prod', 'POST tenants']);
  });

  test('an action that Permit refuses blocks only what needs it', async () => {
    const permit = await emulate();
    const names = (body: unknown): boolean => JSON.stringify(body).includes('edit-repo');
    const refusal = {
      kind: 'answer',
      status: 422,
      body: { detail: [{ loc: ['body'], msg: 'no edit-repo', type: 'x' }] },
    } as const;
    permit.faults.push({ match: ({ method, body }) => method === 'POST' && names(body), do: refusal });
    expect(lost(await setUp(permit))).toEqual([
      '+ action membership:edit-repo failed PERMIT_REFUSED',
      '+ admin membership:edit-repo skipped: the action membership:edit-repo could not be created',
    ]);
    const without = (list: readonly string[]) => list.filter((one) => !one.endsWith('edit-repo'));
    expect(state(permit)).toEqual({
      ...DEMO,
      resources: { membership: without(ACTIONS) },
      roles: { ...DEMO.roles, admin: without(DEMO.roles.admin) },
    });
  });

  test('a resource, role or tenant that Permit refuses blocks nothing else', async () => {
    const permit = await emulate();
    const refusal = { kind: 'answer', status: 422, body: { detail: [] } } as const;
    const bad = (body: unknown): boolean => (body as { key?: string } | null)?.key === 'bad';
    permit.faults.push({ match: ({ method, body }) => method === 'POST' && bad(body), do: refusal });
    const policy: WantedPolicy = {
      resources: { bad: { actions: ['x'] }, good: { actions: ['y'] } },
      roles: { bad: { permissions: ['good:y'] }, good: { permissions: ['good:y', 'bad:x'] } },
      tenants: { bad: {}, good: {} },
    };
    const done = await setUp(permit, { policy });
    expect(lost(done)).toEqual([
      '+ resource bad {} failed PERMIT_REFUSED',
      '+ action bad:x skipped: the resource bad could not be created',
      '+ role bad {} failed PERMIT_REFUSED',
      '+ bad good:y skipped: the role bad could not be created',
      '+ good bad:x skipped: the action bad:x could not be created',
      '+ tenant bad {} failed PERMIT_REFUSED',
    ]);
    expect(state(permit)).toEqual({
      resources: { good: ['y'] },
      roles: { good: ['good:y'] },
      tenants: ['good'],
    });
  });

  test('a permission that Permit refuses is found among the others', async () => {
    const permit = await emulate();
    const match: Fault['match'] = ({ path, body }) =>
      path.endsWith('/permissions') && JSON.stringify(body).includes('delete-repo');
    permit.faults.push({ match, do: { kind: 'answer', status: 404, body: { message: 'no such action' } } });
    expect(lost(await setUp(permit))).toEqual(['+ admin membership:delete-repo failed PERMIT_REFUSED']);
    expect(state(permit).roles.admin).toHaveLength(3);
  });

  test('a write that never succeeds is abandoned, and the others continue', async () => {
    const permit = await emulate();
    strike(permit, 'POST', '/resources', { do: { kind: 'answer', status: 500, body: {} } });
    const done = await setUp(permit);
    expect(ended(done)[0]).toBe('+ resource membership {} failed PERMIT_UNAVAILABLE');
    expect(state(permit)).toEqual({ resources: {}, roles: { admin: [], member: [] }, tenants: ['default'] });
  });

  test('a key that is refused halfway ends the run', async () => {
    const permit = await emulate();
    strike(permit, 'POST', '/roles', {
      do: { kind: 'answer', status: 401, body: { message: 'Invalid token' } },
    });
    const done = await setUp(permit);
    expect(ended(done).filter((one) => one.includes(' failed '))).toEqual([
      '+ role admin {} failed PERMIT_UNAVAILABLE',
    ]);
    expect(sent(permit)).toEqual(['POST resources 200', 'POST roles 401']);
  });

  test('a stopped run awaits the write in progress and sends no other', async () => {
    const permit = await emulate();
    const control = startStop(60_000);
    permit.onRequest = ({ method }) => {
      if (method === 'POST') control.end({ kind: 'signal', name: 'SIGTERM' });
    };
    const done = await setUp(permit, { control });
    expect(sent(permit)).toEqual(['POST resources 200']);
    expect(done.results.filter(({ outcome }) => outcome.kind === 'applied')).toHaveLength(5);
    expect(lost(done)).toHaveLength(8);
    permit.onRequest = undefined;
    expect(lost(await setUp(permit))).toEqual([]);
    expect(state(permit)).toEqual(DEMO);
  });

  test('killed after any of its writes, the next run finishes the work', async () => {
    for (let writes = 1; writes <= 6; writes++) {
      const permit = await emulate();
      let left = writes;
      const match: Fault['match'] = ({ method }) => method !== 'GET' && left-- <= 0;
      permit.faults.push({ match, do: { kind: 'answer', status: 401, body: null } });
      await setUp(permit);
      permit.faults.length = 0;
      expect(lost(await setUp(permit))).toEqual([]);
      expect(state(permit)).toEqual(DEMO);
    }
  });
});

describe('reading', () => {
  test('hundreds of resources, roles and tenants', async () => {
    const world = emptyWorld();
    for (let i = 0; i < 250; i++) {
      addResource(world, `resource-${i}`, ['read']);
      addRole(world, `role-${i}`, [`resource-${i}:read`]);
      addTenant(world, `tenant-${i}`);
    }
    const permit = await emulate(world);
    const numbers = Array.from({ length: 250 }, (_, i) => i);
    const policy: WantedPolicy = {
      resources: {},
      roles: Object.fromEntries(numbers.map((i) => [`role-${i}`, { permissions: [`resource-${i}:*`] }])),
      tenants: Object.fromEntries(numbers.slice(0, 25).map((i) => [`tenant-${i}`, {}])),
    };
    expect((await setUp(permit, { policy })).plan).toEqual({ changes: [], kept: [] });
    expect(permit.requests).toHaveLength(1 + 3 + 3 + 25);
  });

  test('a listing that does not add up is a failure', async () => {
    const permit = await emulate();
    strike(permit, 'GET', '/roles', {
      do: { kind: 'answer', status: 200, body: { data: [], total_count: 3, page_count: 1 } },
    });
    expect(await thrownBy(() => setUp(permit))).toMatchObject({ code: 'PERMIT_UNAVAILABLE' });
    expect(sent(permit)).toEqual([]);
  });

  test.each([
    ['no list', { roles: [] }],
    ['a role without a key', { data: [{ name: 'x' }], total_count: 1 }],
    ['permissions that are none', { data: [{ key: 'x', name: 'x', permissions: [1] }], total_count: 1 }],
    ['null', null],
  ])('%s is a failure', async (_, body) => {
    const permit = await emulate();
    strike(permit, 'GET', '/roles', { do: { kind: 'answer', status: 200, body } });
    expect(await thrownBy(() => setUp(permit))).toMatchObject({ code: 'PERMIT_UNAVAILABLE' });
    expect(sent(permit)).toEqual([]);
  });
});
