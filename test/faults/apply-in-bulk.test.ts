import { describe, expect, onTestFinished, test } from 'vitest';
import {
  addPermitUser,
  type PermitEmulator,
  type PermitSwitches,
  permitWorld,
  startPermitEmulator,
} from '../../src/emulator/permit.ts';
import type { Fault, FaultAction, FaultRequest, RecordedRequest } from '../../src/emulator/server.ts';
import type { GitHubId } from '../../src/model/identity.ts';
import type { Member, OrgRole } from '../../src/model/member.ts';
import type { Reconciled } from '../../src/reconcile/reconcile.ts';
import { ACME_ID, githubOf, outcomes, reconcileOnce } from '../support/adapters.ts';

const people = (count: number, role: OrgRole = 'member'): readonly Member[] =>
  Array.from({ length: count }, (_, index) => ({ id: (index + 1) as GitHubId, login: `p-${index}`, role }));

/** Permit with a user of ours for each of these people, with the role they have, or another one. */
async function permitWith(
  members: readonly Member[],
  role?: OrgRole,
  switches: Partial<PermitSwitches> = {},
): Promise<PermitEmulator> {
  const world = permitWorld();
  for (const { id, login, role: own } of members) {
    const attributes = {
      github_id: id,
      github_login: login,
      github_orgs: [ACME_ID],
      managed_by: 'gh-permit-sync:default',
      managed_origin: 'created',
    };
    addPermitUser(world, { key: login, attributes, grants: [`default/${role ?? own}`] });
  }
  const emulator = await startPermitEmulator(world, switches);
  onTestFinished(() => emulator.close());
  return emulator;
}

const itemsOf = ({ body }: Pick<RecordedRequest, 'body'>): readonly unknown[] => {
  if (Array.isArray(body)) return body;
  const { operations, idents } = (body ?? {}) as { operations?: unknown[]; idents?: unknown[] };
  return operations ?? idents ?? [];
};
const isBulk = ({ path }: Pick<RecordedRequest, 'path'>): boolean => path.split('/').includes('bulk');
const bulkCalls = ({ requests }: PermitEmulator): readonly RecordedRequest[] => requests.filter(isBulk);

/** Every bulk call: its kind and how many it held. */
const batches = (permit: PermitEmulator): readonly string[] =>
  bulkCalls(permit).map(
    (request) => `${request.method} ${request.path.split('/').slice(5).join('/')} ${itemsOf(request).length}`,
  );

const rolesIn = ({ world }: PermitEmulator): Record<string, number> => {
  const counts: Record<string, number> = { users: world.users.size };
  for (const { grants } of world.users.values())
    for (const { role } of grants) counts[role] = (counts[role] ?? 0) + 1;
  return counts;
};

describe('batches (CONTRACT §11)', () => {
  test('7,000 people join: 3 calls for users, 4 for grants', { timeout: 60_000 }, async () => {
    const permit = await permitWith([]);
    const run = await reconcileOnce({ github: githubOf(people(7000)), permit });
    expect(outcomes(run)).toEqual({ applied: 14_000 });
    expect(batches(permit)).toEqual([
      ...[3000, 3000, 1000].map((size) => `POST bulk/users ${size}`),
      ...[2000, 2000, 2000, 1000].map((size) => `POST role_assignments/bulk ${size}`),
    ]);
    expect(rolesIn(permit)).toEqual({ users: 7000, member: 7000 });
    expect(permit.requests).toHaveLength(4 + 7);
  });

  test('7,000 people leave: 3 calls', { timeout: 60_000 }, async () => {
    const permit = await permitWith(people(7000));
    const run = await reconcileOnce({ github: githubOf([]), permit });
    expect(outcomes(run)).toEqual({ applied: 7000 });
    expect(batches(permit)).toEqual([3000, 3000, 1000].map((size) => `DELETE bulk/users ${size}`));
    expect(rolesIn(permit)).toEqual({ users: 0 });
    expect(permit.requests).toHaveLength(1 + 70 + 3);
  });

  test('7,000 owners become members: 4 calls, and 4 more once those stand', { timeout: 60_000 }, async () => {
    const permit = await permitWith(people(7000), 'admin');
    const run = await reconcileOnce({ github: githubOf(people(7000)), permit });
    expect(outcomes(run)).toEqual({ applied: 14_000 });
    expect(batches(permit)).toEqual([
      ...[2000, 2000, 2000, 1000].map((size) => `POST role_assignments/bulk ${size}`),
      ...[2000, 2000, 2000, 1000].map((size) => `DELETE role_assignments/bulk ${size}`),
    ]);
    expect(rolesIn(permit)).toEqual({ users: 7000, member: 7000 });
  });

  test('exactly one batch is one call', async () => {
    const permit = await permitWith([]);
    await reconcileOnce({ github: githubOf(people(2000)), permit });
    expect(batches(permit)).toEqual(['POST bulk/users 2000', 'POST role_assignments/bulk 2000']);
  });

  test('50 profiles that changed: a GET and a PATCH each', async () => {
    const members = people(50);
    const permit = await permitWith(members);
    const run = await reconcileOnce({
      github: githubOf(members.map((one) => ({ ...one, login: one.login.toUpperCase() }))),
      permit,
    });
    expect(outcomes(run)).toEqual({ applied: 50 });
    expect(permit.requests).toHaveLength(1 + 1 + 100);
    expect(permit.peakInFlight).toBeLessThanOrEqual(10);
  });
});

/** The kinds of bulk write: how to come to need them, and what then holds for those who are through. */
const KINDS = {
  create: {
    method: 'POST',
    path: 'users',
    before: () => [] as readonly Member[],
    after: (n: number) => people(n),
  },
  delete: {
    method: 'DELETE',
    path: 'users',
    before: (n: number) => people(n),
    after: () => [] as readonly Member[],
  },
  assign: {
    method: 'POST',
    path: 'role_assignments',
    before: () => [] as readonly Member[],
    after: (n: number) => people(n),
  },
  unassign: {
    method: 'DELETE',
    path: 'role_assignments',
    before: (n: number) => people(n, 'admin'),
    after: (n: number) => people(n),
  },
} as const;
type Kind = keyof typeof KINDS;

/** Who is meant by an item of a bulk body, or by a single write. */
function keyOf(item: unknown): string {
  if (typeof item === 'string') return item;
  const { user, key } = (item ?? {}) as { user?: string; key?: string };
  return user ?? key ?? '';
}

/** Permit refuses a kind of write for some people, in bulk and alone, with an answer made for the batch. */
function refuse(
  kind: Kind,
  bad: ReadonlySet<string>,
  answer: (indexes: readonly number[]) => FaultAction,
): Fault {
  const { method, path } = KINDS[kind];
  let action: FaultAction = { kind: 'answer', status: 500 };
  const match = (request: FaultRequest): boolean => {
    const place = request.path.split('/').slice(5).join('/');
    const inBulk = place === `bulk/${path}` || place === `${path}/bulk`;
    if (request.method !== method || !(inBulk || place === path || place.startsWith('users/'))) return false;
    if (place.startsWith('users/') && path !== 'users') return false;
    const single = place.startsWith('users/') ? place.slice('users/'.length) : keyOf(request.body);
    const keys = inBulk ? itemsOf(request).map(keyOf) : [single];
    const indexes = keys.flatMap((key, index) => (bad.has(key) ? [index] : []));
    action = answer(indexes);
    return indexes.length > 0;
  };
  return {
    match,
    get do() {
      return action;
    },
  };
}

const blaming =
  (status: number) =>
  (indexes: readonly number[]): FaultAction => ({
    kind: 'answer',
    status,
    body: {
      detail: indexes.map((index) => ({
        loc: ['body', 'operations', index, 'key'],
        msg: 'refused',
        type: 'value_error',
      })),
    },
  });
const blamingNobody = (status: number) => (): FaultAction => ({
  kind: 'answer',
  status,
  body: {
    title: 'The provided input is invalid',
    error_code: 'INVALID_INPUT',
    message: 'something is wrong',
  },
});
const REFUSALS = {
  '422 that blames indexes': blaming(422),
  '422 that blames nobody': blamingNobody(422),
  '400 that blames nobody': blamingNobody(400),
  '404 that blames nobody': blamingNobody(404),
  '409 that nothing explains': blamingNobody(409),
  '413 with HTML': () => ({ kind: 'answer', status: 413, body: '<h1>Too large</h1>' }),
} as const satisfies Record<string, (indexes: readonly number[]) => FaultAction>;
type Refusal = keyof typeof REFUSALS;

/** Spread evenly, so that as many pieces as can be hold one of them. */
const badOnes = (bad: number, of: number): ReadonlySet<string> =>
  new Set(Array.from({ length: bad }, (_, index) => `p-${Math.floor((index + 0.5) * (of / bad))}`));

const failedOf = ({ results }: Reconciled, kind: string): ReadonlySet<string> =>
  new Set(
    results
      .filter(({ change, outcome }) => change.kind === kind && outcome.kind === 'failed')
      .map(({ change }) => change.user),
  );

const CHANGE = {
  create: 'createUser',
  delete: 'deleteUser',
  assign: 'assignRole',
  unassign: 'unassignRole',
} as const;

async function runWithBad(kind: Kind, refusal: Refusal, bad: ReadonlySet<string>, of: number) {
  const permit = await permitWith(KINDS[kind].before(of));
  permit.faults.push(refuse(kind, bad, REFUSALS[refusal]));
  const run = await reconcileOnce({ github: githubOf(KINDS[kind].after(of)), permit });
  return { permit, run };
}

/** Everybody but the bad ones is as GitHub has them. */
function expectOthersThrough(kind: Kind, permit: PermitEmulator, bad: number, of: number): void {
  const through = of - bad;
  const expected = {
    create: { users: through, member: through },
    delete: { users: bad, member: bad },
    assign: { users: of, member: through },
    unassign: { users: of, member: of, admin: bad },
  }[kind];
  expect(rolesIn(permit)).toEqual(
    Object.fromEntries(Object.entries(expected).filter(([name, n]) => name === 'users' || n > 0)),
  );
}

const kinds = Object.keys(KINDS) as Kind[];
const refusals = Object.keys(REFUSALS) as Refusal[];

describe('one bad person never holds up the others', () => {
  test.each(kinds.flatMap((kind) => refusals.map((refusal) => ({ kind, refusal }))))(
    '$kind: 2 bad people of 200 ($refusal)',
    async ({ kind, refusal }) => {
      const bad = badOnes(2, 200);
      const { permit, run } = await runWithBad(kind, refusal, bad, 200);
      expect(failedOf(run, CHANGE[kind])).toEqual(bad);
      expect(run.results.filter(({ outcome }) => outcome.kind === 'failed')).toHaveLength(2);
      for (const { outcome } of run.results)
        if (outcome.kind === 'failed') expect(outcome.code).toBe('PERMIT_REFUSED');
      expectOthersThrough(kind, permit, 2, 200);
      expect(bulkCalls(permit).length).toBeLessThanOrEqual(100);
      permit.faults.length = 0;
      await reconcileOnce({ github: githubOf(KINDS[kind].after(200)), permit });
      expectOthersThrough(kind, permit, 0, 200);
    },
  );

  // Each costs more than a thousand requests: the dearest ways to find a culprit.
  const costly = [
    ...kinds.map((kind) => ({ kind, refusal: '400 that blames nobody' as const })),
    ...(['create', 'unassign'] as const).map((kind) => ({
      kind,
      refusal: '409 that nothing explains' as const,
    })),
    { kind: 'assign', refusal: '422 that blames indexes' } as const,
  ];
  test.each(costly)(
    '$kind: 20 bad people of 3,000 ($refusal), within the bulk limit',
    { timeout: 60_000 },
    async ({ kind, refusal }) => {
      const bad = badOnes(20, 3000);
      const { permit, run } = await runWithBad(kind, refusal, bad, 3000);
      expect(failedOf(run, CHANGE[kind])).toEqual(bad);
      expectOthersThrough(kind, permit, 20, 3000);
      expect(bulkCalls(permit).length).toBeLessThanOrEqual(100);
    },
  );

  test.each(kinds)('%s: everybody is bad; it ends, and says so of everybody', async (kind) => {
    const bad = badOnes(200, 200);
    const { permit, run } = await runWithBad(kind, '400 that blames nobody', bad, 200);
    expect(failedOf(run, CHANGE[kind]).size).toBe(200);
    expectOthersThrough(kind, permit, 200, 200);
    expect(bulkCalls(permit).length).toBeLessThanOrEqual(100);
  });

  test('culprits that are not in the batch blame nobody', async () => {
    const permit = await permitWith([]);
    const bad = badOnes(1, 50);
    permit.faults.push(refuse('create', bad, () => blaming(422)([50, 999_999])));
    const run = await reconcileOnce({ github: githubOf(people(50)), permit });
    expect(failedOf(run, 'createUser')).toEqual(bad);
  });

  test('an innocent index that is blamed each time costs that one person, and ends', async () => {
    const permit = await permitWith([]);
    permit.faults.push({ match: ({ path }) => path.endsWith('/bulk/users'), do: blaming(422)([0]) });
    const run = await reconcileOnce({ github: githubOf(people(5)), permit });
    expect(outcomes(run)).toEqual({ failed: 5, skipped: 5 });
  });
});

describe('the role that is replaced', () => {
  test('is taken only after the new one stands, and stays where that failed', async () => {
    const permit = await permitWith(people(30), 'admin');
    const bad = new Set(['p-7', 'p-8']);
    permit.faults.push(refuse('assign', bad, blaming(422)));
    const run = await reconcileOnce({ github: githubOf(people(30)), permit });
    expect(rolesIn(permit)).toEqual({ users: 30, admin: 2, member: 28 });
    for (const key of bad)
      expect(permit.world.users.get(key)?.grants.map(({ role }) => role)).toEqual(['admin']);
    const skipped = run.results.filter(({ outcome }) => outcome.kind === 'skipped');
    expect(skipped.map(({ change }) => [change.user, change.kind])).toEqual([
      ['p-7', 'unassignRole'],
      ['p-8', 'unassignRole'],
    ]);
    const calls = batches(permit);
    expect(calls.findIndex((one) => one.startsWith('DELETE'))).toBeGreaterThan(
      calls.findLastIndex((one) => one.startsWith('POST')),
    );
  });

  test('nobody is ever without a role in between', async () => {
    const permit = await permitWith(people(30), 'admin');
    const least: number[] = [];
    permit.onRequest = () => {
      least.push(Math.min(...[...permit.world.users.values()].map(({ grants }) => grants.length)));
    };
    await reconcileOnce({ github: githubOf(people(30)), permit });
    expect(Math.min(...least)).toBe(1);
  });
});

describe('leavers', () => {
  test('are gone before anybody else is written, and wait for nobody', async () => {
    const members = people(60);
    const permit = await permitWith(members.slice(0, 40));
    // Whatever is written for others fails for good.
    permit.faults.push({
      match: ({ method }) => method === 'POST',
      do: { kind: 'answer', status: 400, body: null },
    });
    const run = await reconcileOnce({ github: githubOf(members.slice(30)), permit });
    expect(batches(permit)[0]).toBe('DELETE bulk/users 30');
    expect(
      run.results
        .filter(({ change }) => change.kind === 'deleteUser')
        .every(({ outcome }) => outcome.kind === 'applied'),
    ).toBe(true);
    expect(permit.world.users.size).toBe(10);
  });

  test('of whom Permit will not delete one do not keep the others', async () => {
    const members = people(60);
    const permit = await permitWith(members.slice(0, 40));
    permit.faults.push(refuse('delete', new Set(['p-3']), blamingNobody(400)));
    const run = await reconcileOnce({ github: githubOf(members.slice(30)), permit });
    expect(outcomes(run)).toEqual({ applied: 29 + 20 + 20, failed: 1 });
    expect(permit.world.users.size).toBe(31);
  });
});

describe('rate limits as the emulator keeps them', () => {
  test.each([false, true])('(Retry-After: %s) are waited out, and all stands', async (retryAfter) => {
    const permit = await permitWith(people(40), 'admin', {
      retryAfter,
      rateLimits: {
        windowMs: 100,
        requestsPerMinute: 20,
        writesPerMinute: 3,
        deletesPerMinute: 1,
        bulkPer10Minutes: 4,
      },
    });
    const members = people(80).slice(20);
    const run = await reconcileOnce({ github: githubOf(members), permit });
    expect(outcomes(run)).toEqual({ applied: run.results.length });
    expect(rolesIn(permit)).toEqual({ users: 60, member: 60 });
  });
});
