import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  addMember,
  githubWorld,
  orgOf,
  removeMember,
  startGitHubEmulator,
} from '../../src/demo/github/github.ts';
import { addPermitUser, permitWorld, snapshot, startPermitEmulator } from '../../src/demo/permit/permit.ts';
import type { GitHubId } from '../../src/model/identity.ts';
import { DEFAULT_LIMITS, type Limits } from '../../src/model/limits.ts';
import { markOf } from '../support/adapters.ts';
import {
  type Death,
  type DrainPlace,
  drainOnce,
  Killed,
  queueAt,
  reconcileInTurn,
} from '../support/drain-stage.ts';
import { useRedis } from '../support/redis.ts';
import { hint } from './drain-worlds.ts';

const RUNS = Number(process.env.DRAIN_RUNS ?? 15);
const redis = useRedis();

const PEOPLE = 10;
const loginOf = (who: number): string => `p${who}`;

type Bounds = { readonly removals: number; readonly demotions: number };

/** As many owners as members, plus the one that the floor keeps. */
function openWorlds() {
  const [github, permit] = [githubWorld(), permitWorld()];
  addPermitUser(permit, { key: 'owner', attributes: markOf(github, 'owner'), grants: ['default/admin'] });
  const ids = Array.from({ length: PEOPLE }, (_, who) => {
    const role = who % 2 === 0 ? 'admin' : 'member';
    const { id } = addMember(github, 'acme', { login: loginOf(who), role });
    const attributes = markOf(github, loginOf(who));
    addPermitUser(permit, { key: loginOf(who), attributes, grants: [`default/${role}`] });
    return id as GitHubId;
  });
  return { github, permit, ids };
}

type Step =
  | { readonly kind: 'leave' | 'return' | 'demote' | 'promote'; readonly who: number }
  | { readonly kind: 'reconcile'; readonly drain: boolean }
  | { readonly kind: 'drain'; readonly deaths: readonly (Death | undefined)[] };

const death: fc.Arbitrary<Death | undefined> = fc.oneof(
  { weight: 3, arbitrary: fc.constant(undefined) },
  {
    weight: 1,
    arbitrary: fc.record({
      at: fc.integer({ min: 1, max: 3 }),
      when: fc.constantFrom<Death['when']>('before', 'after'),
    }),
  },
);
const steps: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      kind: fc.constantFrom(
        'leave' as const,
        'leave' as const,
        'return' as const,
        'demote' as const,
        'promote' as const,
      ),
      who: fc.nat(PEOPLE - 1),
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('reconcile' as const), drain: fc.boolean() }) },
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constant('drain' as const),
      deaths: fc.oneof(
        { weight: 9, arbitrary: fc.array(death, { minLength: 1, maxLength: 1 }) },
        { weight: 1, arbitrary: fc.array(death, { minLength: 2, maxLength: 2 }) },
      ),
    }),
  },
);

test('within a day, no sequence of drains and full runs takes from more people than the limits allow', {
  timeout: 600_000,
}, async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.record({ removals: fc.nat(4), demotions: fc.nat(3) }),
      fc.array(steps, { minLength: 6, maxLength: 24 }),
      live,
    ),
    { numRuns: RUNS },
  );
});

async function live(bounds: Bounds, happenings: readonly Step[]): Promise<void> {
  const worlds = openWorlds();
  const github = await startGitHubEmulator(worlds.github);
  const permit = await startPermitEmulator(worlds.permit);
  const limits: Limits = {
    ...DEFAULT_LIMITS,
    removals: [{ kind: 'count', people: bounds.removals }],
    demotions: [{ kind: 'count', people: bounds.demotions }],
  };
  const place: DrainPlace = {
    ...{ redis: redis.connection, prefix: redis.prefix(), limits, claimAfterMs: 1 },
    ...{ githubUrl: github.url, permitUrl: permit.url },
  };
  try {
    const taken = watchLosses(worlds);
    for (const step of happenings) {
      await perform(step, place, worlds);
      taken.look();
      expect(taken.removed.size).toBeLessThanOrEqual(bounds.removals);
      expect(taken.demoted.size).toBeLessThanOrEqual(bounds.demotions);
    }
    // Nobody waits unnecessarily: a leaver who still has a user would exceed a limit.
    await drainOnce(place);
    taken.look();
    const leavers = worlds.ids.filter(
      (id, who) => !isMember(worlds, id) && snapshot(worlds.permit)[loginOf(who)],
    );
    expect(taken.removed.size).toBeLessThanOrEqual(bounds.removals);
    const spent = (await redis.raw.zcard(`{${place.prefix}}:budget:removals`)) ?? 0;
    expect(spent).toBeLessThanOrEqual(bounds.removals);
    if (leavers.length > 0) expect(spent).toBe(bounds.removals);
    expect((await queueAt(place).status()).dead).toBe(0);
  } finally {
    await Promise.all([github.close(), permit.close()]);
  }
}

type Worlds = ReturnType<typeof openWorlds>;
const isMember = ({ github }: Worlds, id: GitHubId): boolean => orgOf(github, 'acme').members.has(id);

/** Who has lost something, seen from outside: by what Permit holds. */
function watchLosses({ permit, ids }: Worlds) {
  const grantsOf = (who: number): string => snapshot(permit)[loginOf(who)]?.grants.join() ?? '';
  const removed = new Set<GitHubId>();
  const demoted = new Set<GitHubId>();
  let before = ids.map((_, who) => grantsOf(who));
  return {
    ...{ removed, demoted },
    look: (): void => {
      const now = ids.map((_, who) => grantsOf(who));
      for (const [who, id] of ids.entries()) {
        if (before[who] !== '' && now[who] === '') removed.add(id);
        if (before[who]?.includes('admin') && now[who] === 'default/member') demoted.add(id);
      }
      before = now;
    },
  };
}

async function perform(step: Step, place: DrainPlace, worlds: Worlds): Promise<void> {
  const { github, ids } = worlds;
  switch (step.kind) {
    case 'leave':
    case 'return':
    case 'demote':
    case 'promote': {
      const id = ids[step.who];
      if (id === undefined) return;
      const login = loginOf(step.who);
      if (step.kind !== 'leave')
        addMember(github, 'acme', { login, role: step.kind === 'promote' ? 'admin' : 'member' });
      else if (isMember(worlds, id)) removeMember(github, 'acme', login);
      const action = isMember(worlds, id) ? 'member_added' : 'member_removed';
      await queueAt(place).append(hint(github, { id, login, action }));
      return;
    }
    case 'reconcile':
      await reconcileInTurn(place, step.drain);
      return;
    case 'drain':
      await Promise.all(
        step.deaths.map((one) =>
          drainOnce(place, { death: one }).catch((error: unknown) => {
            if (!(error instanceof Killed)) throw error;
          }),
        ),
      );
      return;
    default:
      return step satisfies never;
  }
}
