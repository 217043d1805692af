// Every fault at every request of the second lookups, in full runs and in drains, with a table of what came of it:
//   FAULT_TABLE=1 npx vitest run test/faults/lookups-under-fault-table
import { randomUUID } from 'node:crypto';
import { afterAll, describe, expect, test } from 'vitest';
import { orgOf, userOf } from '../../src/demo/github/github.ts';
import type { FaultAction, FaultRequest } from '../../src/demo/server.ts';
import { parseGitHubId } from '../../src/model/identity.ts';
import { openRunRecord } from '../../src/queue/run-memory.ts';
import { type Pair, reconcileOnce } from '../support/adapters.ts';
import { drainOnce, queueAt } from '../support/drain-stage.ts';
import { watchExcess, watchLosses } from '../support/fairness.ts';
import { mixedPair } from '../support/mixed-pair.ts';
import { useRedis } from '../support/redis.ts';

const redis = useRedis();

const answer = (status: number, body: unknown, headers = {}): FaultAction => ({
  kind: 'answer',
  status,
  body,
  headers,
});
const FAULTS: Record<string, FaultAction> = {
  "404 in GitHub's words": answer(404, { message: 'Not Found', status: '404' }),
  '404 of HTML': answer(404, '<html>no route</html>'),
  '404 of JSON from a gateway': answer(404, { error: 'no route' }),
  '401': answer(401, { message: 'Bad credentials' }),
  '403': answer(403, { message: 'Resource not accessible by integration' }),
  '451': answer(451, { message: 'Unavailable' }),
  '429 beyond the run': answer(429, { message: 'rate limit' }, { 'retry-after': '86400' }),
  '500': answer(500, { message: 'oops' }),
  '200 of null': answer(200, null),
  '200 of HTML': answer(200, '<html>'),
  '200 about someone else': answer(200, {
    id: 1,
    login: 'stranger',
    state: 'active',
    role: 'admin',
    user: { id: 1, login: 'stranger' },
    organization: { id: 1, login: 'acme' },
  }),
  reset: { kind: 'reset', when: 'before' },
  truncated: { kind: 'truncate' },
};

const TARGETS: Record<string, RegExp> = {
  account: /^\/user\/\d+$/,
  membership: /^\/orgs\/acme\/memberships\//,
  'account and membership': /^\/(user|orgs\/acme\/memberships)\//,
  organization: /^\/orgs\/acme$/,
  owners: /^\/orgs\/acme\/members$/,
  everything: /^\//,
};

/** The faults that are not an answer about anyone. With the others, GitHub does answer, reliably or not. */
const UNANSWERED = ['401', '403', '451', '429 beyond the run', '500', 'reset', 'truncated'];

/**
 * Where a fault strikes: an answer everywhere, and what is no answer in two places, so that some of them strikes in each
 * place. The table has all of them everywhere.
 */
function targetsOf(fault: string): readonly string[] {
  const all = Object.keys(TARGETS);
  const place = UNANSWERED.indexOf(fault);
  if (place < 0 || process.env.FAULT_TABLE !== undefined) return all;
  return all.filter((_, index) => index % 3 === place % 3);
}

/** Members whom the listing misses: only the lookup prevents their removal. */
const MISSED = ['steady-1', 'steady-2', 'Cased'];

type Row = { injected: number; readonly lost: Set<string>; readonly tooMuch: Set<string> };
const rows = new Map<string, Row>();

afterAll(() => {
  if (process.env.FAULT_TABLE === undefined) return;
  const lines = [...rows].map(
    ([fault, { injected, lost, tooMuch }]) => `| ${fault} | ${injected} | ${lost.size} | ${tooMuch.size} |`,
  );
  const head = [
    '| fault | injected how many times | people lost something wrongly | people kept something wrongly after one clean run |',
    '| --- | ---: | ---: | ---: |',
  ];
  process.stdout.write(`${[...head, ...lines].join('\n')}\n`);
});

/** Strikes once the lookups have begun, for `times` requests. */
function strike({ github }: Pair, target: RegExp, action: FaultAction, times: number): () => number {
  let isLookingUp = false;
  let struck = 0;
  github.faults.push({
    match: ({ path }: FaultRequest) => {
      isLookingUp ||= path.startsWith('/user/');
      if (!isLookingUp || !target.test(path) || struck >= times) return false;
      struck += 1;
      return true;
    },
    do: action,
  });
  return () => struck;
}

/** Hides members from listings, and from nothing else. */
function hideFromListings({ github }: Pair, logins: readonly string[]): void {
  const { members } = orgOf(github.world, 'acme');
  const hidden = logins.map((login) => {
    const { id } = userOf(github.world, login);
    return [id, members.get(id)] as const;
  });
  github.onRequest = ({ path }) => {
    for (const [id, member] of hidden) {
      if (path === '/orgs/acme/members') members.delete(id);
      else if (member) members.set(id, member);
    }
  };
}

async function drainEveryone(pair: Pair): Promise<unknown> {
  const prefix = redis.prefix();
  const place = { redis: redis.connection, prefix, githubUrl: pair.github.url, permitUrl: pair.permit.url };
  // So large an organization that looking people up costs less than listing it.
  const size = { members: { acme: 100_000 }, managed: 30, plain: true };
  await openRunRecord(redis.connection, prefix).write({ at: new Date().toISOString(), ...size });
  const queue = queueAt(place);
  for (const { id, login } of pair.github.world.users.values()) {
    await queue.append({
      ...{ delivery: randomUUID(), event: 'organization', action: 'member_removed', org: 'acme', login },
      ...{ orgId: undefined, id: parseGitHubId(id), team: undefined, repository: undefined },
      at: new Date().toISOString(),
    });
  }
  const drained = await drainOnce(place);
  await queue.leave();
  return drained;
}

const WAYS: Record<string, (pair: Pair) => Promise<unknown>> = {
  'a full run': async (pair) => {
    hideFromListings(pair, MISSED);
    return reconcileOnce(pair, { timeoutMs: 30_000 });
  },
  'a drain': drainEveryone,
};

const TIMES =
  process.env.FAULT_TABLE === undefined ? [Number.POSITIVE_INFINITY] : [1, 3, Number.POSITIVE_INFINITY];

describe.each(Object.keys(WAYS))('lookups of %s', (way) => {
  test.each(Object.keys(FAULTS))('under %s: nobody wrongly loses or keeps anything', async (fault) => {
    const row: Row = rows.get(fault) ?? { injected: 0, lost: new Set(), tooMuch: new Set() };
    rows.set(fault, row);
    for (const target of targetsOf(fault)) {
      for (const times of TIMES) {
        const name = `${way}, ${target}, ${times} times`;
        const pair = await mixedPair();
        const losers = watchLosses(pair);
        const tooMuch = watchExcess(pair);
        const struck = strike(pair, TARGETS[target] ?? /^/, FAULTS[fault] ?? { kind: 'truncate' }, times);
        const run = WAYS[way];
        // A refused credential ends the run; what it may not do is take anything.
        await run?.(pair).catch(() => undefined);
        for (const who of losers()) row.lost.add(`${name}: ${who}`);
        row.injected += struck();

        pair.github.faults.length = 0;
        pair.github.onRequest = undefined;
        await reconcileOnce(pair);
        for (const who of losers()) row.lost.add(`${name}, then a clean run: ${who}`);
        for (const who of tooMuch()) row.tooMuch.add(`${name}: ${who}`);
        await Promise.all([pair.github.close(), pair.permit.close()]);
      }
    }
    expect({ lost: [...row.lost], tooMuch: [...row.tooMuch] }).toEqual({ lost: [], tooMuch: [] });
    expect(row.injected).toBeGreaterThan(0);
  });
});
