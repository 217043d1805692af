// A source that answers with less than there is: tools that believed it deleted people who were still there.
import { describe, expect, test } from 'vitest';
import type { FaultAction, FaultRequest } from '../../src/demo/server.ts';
import { agreedStage, people, reconcileJson, told } from '../support/agreement.ts';
import { type Stage, writes } from '../support/stage.ts';
import { withoutLinks } from '../support/without-links.ts';

type Role = 'admin' | 'member';
const listing =
  (...roles: readonly Role[]) =>
  ({ path, query }: FaultRequest): boolean =>
    /\/members$/.test(path) && roles.some((role) => role === query.role);
const page =
  (number: number, ...roles: readonly Role[]) =>
  (request: FaultRequest): boolean =>
    listing(...roles)(request) && (request.query.page ?? '1') === String(number);

const EMPTY: FaultAction = { kind: 'answer', status: 200, body: [] };
const ALL_OVERRIDES = [
  '--allow-removals',
  '1000',
  '--allow-demotions',
  '1000',
  '--allow-floor',
  'default/admin=0',
];

/** Runs like the schedule, then with every override: nobody may lose anything in either. */
async function expectNobodyLosesAnything(stage: Stage, scheduledCode: number): Promise<void> {
  const before = stage.held();
  const scheduled = await stage.run(reconcileJson());
  expect({ code: scheduled.code, ...told(scheduled) }).toMatchObject({ code: scheduledCode });
  expect(writes(stage.permit)).toBe(0);
  expect(stage.held()).toEqual(before);
  const forced = await stage.run(reconcileJson(...ALL_OVERRIDES));
  expect(told(forced).changes.filter(({ kind }) => /delete|unassign/.test(kind))).toEqual([]);
  expect(stage.held()).toEqual(before);
}

describe('awslabs/ssosync#159, #194, #236: an empty read of the source deleted everyone', () => {
  test('ssosync#159: both listings are empty', async () => {
    const stage = await agreedStage(30, 2);
    stage.github.faults.push({ match: listing('admin', 'member'), do: EMPTY });
    await expectNobodyLosesAnything(stage, 1);
  });

  test('ssosync#194: the listing of owners is empty', async () => {
    const stage = await agreedStage(30, 2);
    stage.github.faults.push({ match: listing('admin'), do: EMPTY });
    await expectNobodyLosesAnything(stage, 1);
  });

  test('ssosync#236: the listing of members is empty, that of owners is complete', async () => {
    const stage = await agreedStage(30, 2);
    stage.github.faults.push({ match: listing('member'), do: EMPTY });
    await expectNobodyLosesAnything(stage, 3);
  });

  test.each(['null', 'an empty object', 'no body', 'a web page'])(
    'ssosync#236: instead of a list GitHub answers 200 with %s',
    async (what) => {
      const bodies: Record<string, unknown> = {
        null: null,
        'an empty object': {},
        'a web page': '<h1>Hi</h1>',
      };
      const stage = await agreedStage(30, 2);
      const before = stage.held();
      stage.github.faults.push({
        match: listing('member'),
        do: { kind: 'answer', status: 200, body: bodies[what] },
      });
      const { code } = await stage.run([...reconcileJson(...ALL_OVERRIDES), '--timeout', '1s']);
      expect(code).toBe(1);
      expect(stage.held()).toEqual(before);
    },
  );
});

describe('Infisical#7998: every sync deleted members 101 and later', () => {
  test('Infisical#7998: 250 members on three pages, nobody is touched', async () => {
    const stage = await agreedStage(250);
    const before = stage.held();
    const ran = await stage.run(reconcileJson());
    expect({ code: ran.code, status: told(ran).status }).toEqual({ code: 0, status: 'in-sync' });
    expect(stage.held()).toEqual(before);
  });

  test('Infisical#7998: members 101 and later are created, and stay through the next runs', async () => {
    const stage = await agreedStage(250);
    for (const key of people(101, 249)) stage.permit.world.users.delete(key);
    for (const expected of ['applied', 'in-sync', 'in-sync']) {
      const ran = await stage.run(reconcileJson());
      expect({ code: ran.code, status: told(ran).status }).toEqual({ code: 0, status: expected });
    }
    expect(Object.keys(stage.held())).toEqual(['owner', ...people(1, 249)].toSorted());
  });

  test('Infisical#7998: page 2 arrives empty', async () => {
    const stage = await agreedStage(250);
    stage.github.faults.push({ match: page(2, 'member'), do: EMPTY });
    const before = stage.held();
    const { code } = await stage.run(reconcileJson(...ALL_OVERRIDES));
    // Whether it is noticed in the listing, or by asking about each of the missing alone: nobody is gone.
    expect(code).not.toBe(3);
    expect(stage.held()).toEqual(before);
  });

  test('Infisical#7998: page 1 arrives without the link to the others', async () => {
    const stage = await agreedStage(250);
    const first = people(1, 100).map((login) => ({
      login,
      id: [...stage.github.world.users.values()].find((one) => one.login === login)?.id,
    }));
    stage.github.faults.push({ match: page(1, 'member'), do: { kind: 'answer', status: 200, body: first } });
    const before = stage.held();
    const ran = await stage.run(reconcileJson());
    expect({ code: ran.code, status: told(ran).status }).toEqual({ code: 0, status: 'in-sync' });
    expect(stage.held()).toEqual(before);
  });

  test.each(['500', 'truncated', 'reset'])('Infisical#7998: page 2 never arrives (%s)', async (fault) => {
    const actions: Record<string, FaultAction> = {
      '500': { kind: 'answer', status: 500, body: null },
      truncated: { kind: 'truncate' },
      reset: { kind: 'reset', when: 'before' },
    };
    const stage = await agreedStage(250);
    stage.github.faults.push({ match: page(2, 'member'), do: actions[fault] ?? EMPTY });
    const before = stage.held();
    const ran = await stage.run(reconcileJson(...ALL_OVERRIDES, '--timeout', '1s'));
    expect(ran.code).toBe(1);
    expect(['GITHUB_UNAVAILABLE', 'GITHUB_INCOMPLETE', 'TIMEOUT']).toContain(told(ran).error?.code);
    expect(stage.held()).toEqual(before);
  });

  test('Infisical#7998: page 2 of the users of Permit arrives empty: nobody is created twice', async () => {
    const stage = await agreedStage(250);
    const before = stage.held();
    stage.permit.faults.push({
      match: ({ method, path, query }) => method === 'GET' && /\/users$/.test(path) && query.page === '2',
      do: { kind: 'answer', status: 200, body: { data: [], total_count: 250, page_count: 3 } },
    });
    const ran = await stage.run(reconcileJson('--timeout', '1s'));
    expect(ran.code).toBe(1);
    expect(writes(stage.permit)).toBe(0);
    expect(stage.held()).toEqual(before);
  });
});

describe('a gateway that drops the Link header: 102 of 250 members were taken for all of them', () => {
  test('every member on every page is synced, and nobody is removed afterwards', async () => {
    const stage = await agreedStage(250);
    for (const key of people(101, 249)) stage.permit.world.users.delete(key);
    const env = { GITHUB_API_URL: await withoutLinks(stage.github.url) };
    const first = await stage.run(reconcileJson(), { env });
    expect({ code: first.code, status: told(first).status }).toEqual({ code: 0, status: 'applied' });
    expect([...stage.permit.world.users.keys()].sort()).toEqual(
      [...new Set(['owner', ...people(1, 249)])].sort(),
    );
    const second = await stage.run(reconcileJson(), { env });
    expect({ code: second.code, status: told(second).status }).toEqual({ code: 0, status: 'in-sync' });
  });

  test('a server that sends the same full page forever is incomplete, and nobody loses anything', async () => {
    const stage = await agreedStage(30, 2);
    const same = Array.from({ length: 100 }, (_, i) => ({
      id: 900_000 + i,
      login: `ghost-${i}`,
      type: 'User',
    }));
    stage.github.faults.push({ match: listing('member'), do: { kind: 'answer', status: 200, body: same } });
    await expectNobodyLosesAnything(stage, 1);
  });
});
