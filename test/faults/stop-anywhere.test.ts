import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import type { FaultRequest, RecordedRequest } from '../../src/demo/server.ts';
import { differences, type Pair, reconcileOnce, writesOf } from '../support/adapters.ts';
import { type Told, told } from '../support/agreement.ts';
import { mixedPair, programOn, spawnOn } from '../support/mixed-pair.ts';
import type { Ran } from '../support/program.ts';

// The program on a plan of every kind, ended at each of its requests; as a process of its own where the process shows
// more. `test/faults/stop.test.ts` has the same of the adapters, with every way in which a write can end.

const RECONCILE = ['reconcile', '--output', 'json'];
/** Long enough for a signal to reach another process before the answer that it waits for. */
const HEARD_MS = 1_000;

/** Whether the change is in effect in Permit; undefined if the report does not say enough. */
function stands({ permit }: Pair, change: Told['changes'][number]): boolean | undefined {
  const user = permit.world.users.get(change.user);
  const { role } = change as { readonly role?: string };
  const holds = user?.grants.some((held) => held.role === role) ?? false;
  switch (change.kind) {
    case 'createUser':
      return user !== undefined;
    case 'deleteUser':
      return user === undefined;
    case 'assignRole':
      return holds;
    case 'unassignRole':
      return !holds;
    default:
      return undefined;
  }
}

/**
 * The report is whole and claims nothing that is not so; nobody lost anything before the first write; and the next
 * run, undisturbed, finishes.
 */
async function expectHonestEnd(pair: Pair, ran: Ran, code: string, where: string): Promise<void> {
  for (const emulator of [pair.github, pair.permit]) {
    emulator.onRequest = undefined;
    emulator.faults.length = 0;
  }
  const report = told(ran);
  const wrote = writesOf(pair.permit.requests).length > 0;
  expect({ where, code: ran.code, status: report.status }).toEqual({
    where,
    code: wrote ? 4 : 1,
    status: wrote ? 'partial' : 'error',
  });
  if (!wrote) expect(report.error?.code, where).toBe(code);
  else
    expect(
      report.warnings.map((warning) => warning.code),
      where,
    ).toContain(code);
  expect(ran.stderr, where).not.toMatch(/INTERNAL|\n {4}at /);
  for (const change of report.changes) {
    const name = `${where}: ${change.user} ${change.kind} ${change.outcome}`;
    expect(['applied', 'skipped', 'failed'], name).toContain(change.outcome);
    const is = stands(pair, change);
    if (is !== undefined && change.outcome !== 'failed') expect(is, name).toBe(change.outcome === 'applied');
  }
  const next = await reconcileOnce(pair);
  expect(differences(pair), where).toEqual([]);
  expect(next.results.filter(({ outcome }) => outcome.kind !== 'applied')).toEqual([]);
}

/** All requests of an undisturbed run, in the order of their arrival. */
async function requestsOfOneRun(): Promise<readonly Pick<RecordedRequest, 'method' | 'path'>[]> {
  const pair = await mixedPair();
  const seen: Pick<RecordedRequest, 'method' | 'path'>[] = [];
  for (const emulator of [pair.github, pair.permit])
    emulator.onRequest = ({ method, path }) => void seen.push({ method, path });
  expect((await programOn(pair, RECONCILE)).code).toBe(0);
  expect(differences(pair)).toEqual([]);
  return seen;
}

/** Signals when the n-th request has arrived; nothing may be written once its answer is out. */
async function signalAt(nth: number, signal: 'SIGINT' | 'SIGTERM', launch = programOn): Promise<void> {
  const pair = await mixedPair();
  const late: string[] = [];
  let kill: (signal: NodeJS.Signals) => void = () => undefined;
  let seen = 0;
  let heard = false;
  for (const emulator of [pair.github, pair.permit]) {
    emulator.onRequest = async ({ method, path }) => {
      if (heard && method !== 'GET') late.push(`${method} ${path}`);
      if (++seen !== nth) return;
      kill(signal);
      if (launch === spawnOn) await sleep(HEARD_MS);
      heard = true;
    };
  }
  const ran = await launch(pair, RECONCILE, {
    started: (how) => {
      kill = how;
    },
  });
  const where = `${signal} at request ${nth}`;
  expect(late, where).toEqual([]);
  await expectHonestEnd(pair, ran, 'INTERRUPTED', where);
}

describe('SIGINT and SIGTERM at every request of a mixed plan', () => {
  test('the report is printed, nothing more is written, the next run finishes', {
    timeout: 300_000,
  }, async () => {
    const requests = await requestsOfOneRun();
    expect(requests.filter(({ method }) => method !== 'GET').length).toBeGreaterThanOrEqual(9);
    const firstWrite = requests.findIndex(({ method }) => method !== 'GET') + 1;
    for (let nth = 1; nth <= requests.length; nth++)
      await signalAt(nth, nth % 2 === 0 ? 'SIGTERM' : 'SIGINT');
    // A real signal, while it reads and while it writes.
    await signalAt(firstWrite - 1, 'SIGTERM', spawnOn);
    await signalAt(firstWrite, 'SIGINT', spawnOn);
  });

  test('a second signal ends the program at once, and the next run finishes', async () => {
    const pair = await mixedPair();
    let kill: (signal: NodeJS.Signals) => void = () => undefined;
    pair.permit.faults.push({
      match: ({ method }) => method !== 'GET',
      times: 1,
      do: { kind: 'hang', when: 'after' },
    });
    pair.permit.onRequest = async ({ method }) => {
      if (method === 'GET') return;
      kill('SIGTERM');
      await sleep(HEARD_MS);
      kill('SIGTERM');
    };
    const ran = await spawnOn(pair, RECONCILE, {
      started: (how) => {
        kill = how;
      },
    });
    expect(ran.code).not.toBe(0);
    pair.permit.onRequest = undefined;
    await reconcileOnce(pair);
    expect(differences(pair)).toEqual([]);
  });
});

describe('--timeout in every phase', () => {
  const PHASES: Record<string, (request: FaultRequest) => boolean> = {
    organization: ({ path }) => path === '/orgs/acme',
    owners: ({ path, query }) => path === '/orgs/acme/members' && query.role === 'admin',
    members: ({ path, query }) => path === '/orgs/acme/members' && query.role === 'member',
    membership: ({ path }) => path.startsWith('/orgs/acme/memberships/'),
    'scope of the key': ({ path }) => path.endsWith('/scope'),
    'users in Permit': ({ method, path }) => method === 'GET' && path.endsWith('/users'),
    'second looks': ({ path }) => path.startsWith('/user/'),
  };

  test('while it reads: TIMEOUT, exit 1, nothing written', { timeout: 60_000 }, async () => {
    for (const [phase, match] of Object.entries(PHASES)) {
      const pair = await mixedPair();
      for (const emulator of [pair.github, pair.permit])
        emulator.faults.push({ match, do: { kind: 'hang', when: 'before' } });
      const ran = await programOn(pair, [...RECONCILE, '--timeout', '1s']);
      expect(writesOf(pair.permit.requests), phase).toEqual([]);
      await expectHonestEnd(pair, ran, 'TIMEOUT', phase);
    }
  });

  test('while write 1, 2, … 9 is under way: it is awaited, TIMEOUT, exit 4', {
    timeout: 300_000,
  }, async () => {
    for (const nth of [1, 2, 3, 4, 5, 6, 7, 8, 9]) {
      const pair = await mixedPair();
      let seen = 0;
      pair.permit.faults.push({
        match: ({ method }) => method !== 'GET' && ++seen === nth,
        do: { kind: 'delay', ms: 1500 },
      });
      const ran = await programOn(pair, [...RECONCILE, '--timeout', '1s']);
      await expectHonestEnd(pair, ran, 'TIMEOUT', `write ${nth}`);
    }
  });

  test('in the waits between the repetitions of a request that keeps failing', {
    timeout: 60_000,
  }, async () => {
    const failing: Record<string, (request: FaultRequest) => boolean> = {
      'all of GitHub': ({ path }) => path.startsWith('/orgs'),
      'all of Permit': ({ path }) => path.startsWith('/v2'),
      'every write': ({ method }) => method !== 'GET',
    };
    for (const [name, match] of Object.entries(failing)) {
      const pair = await mixedPair();
      for (const emulator of [pair.github, pair.permit]) {
        emulator.faults.push({
          match,
          do: { kind: 'answer', status: 429, headers: { 'retry-after': '1' }, body: null },
        });
      }
      const ran = await programOn(pair, [...RECONCILE, '--timeout', '1500ms']);
      expect([1, 4], name).toContain(ran.code);
      const { error, warnings, changes } = told(ran);
      const codes = [error, ...warnings, ...changes.map((change) => change.error)].map((one) => one?.code);
      expect(codes, name).toContainEqual(expect.stringMatching(/^(TIMEOUT|(GITHUB|PERMIT)_UNAVAILABLE)$/));
      pair.github.faults.length = 0;
      pair.permit.faults.length = 0;
      await reconcileOnce(pair);
      expect(differences(pair), name).toEqual([]);
    }
  });
});
