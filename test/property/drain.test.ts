import { setTimeout as sleep } from 'node:timers/promises';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { startGitHubEmulator } from '../../src/demo/github/github.ts';
import { type PermitSnapshot, snapshot, startPermitEmulator } from '../../src/demo/permit/permit.ts';
import { SyncError } from '../../src/model/errors.ts';
import type { GitHubId } from '../../src/model/identity.ts';
import { LOOK_AGAIN_MS, type QueueEntry } from '../../src/model/webhooks/queue.ts';
import { keysOf } from '../../src/queue/keys.ts';
import { openRedis, type RedisConnection } from '../../src/queue/redis.ts';
import {
  type Death,
  type DrainPlace,
  drainOnce,
  Killed,
  planNow,
  queueAt,
  reconcileInTurn,
} from '../support/drain-stage.ts';
import { type RedisServer, startRedis } from '../support/redis.ts';
import {
  hint,
  type Mutation,
  mutate,
  mutations,
  openWorlds,
  PEOPLE,
  RULES,
  standing,
  wanted,
} from './drain-worlds.ts';

/** More of them on request, `DRAIN_RUNS=2000 npx vitest run test/property/drain`. */
const RUNS = Number(process.env.DRAIN_RUNS ?? 24);
const LONG = 600_000;

/** Drains wait for one another more than they work, so that some series go side by side, each with its own Redis. */
const SERIES = [1, 2, 3, 4];

type Store = { readonly server: RedisServer; readonly redis: RedisConnection };

async function openStore(): Promise<Store & { readonly close: () => Promise<void> }> {
  const server = await startRedis({ persistent: true });
  const redis = await openRedis({ url: server.url });
  return {
    ...{ server, redis },
    close: async () => {
      redis.close();
      await server.remove();
    },
  };
}

/** How the size of the organization is remembered decides whether people are looked at or listed. */
type Remembered = 'nothing' | 'few' | 'many';

async function openStage({ server, redis }: Store, remembered: Remembered) {
  const worlds = openWorlds();
  const github = await startGitHubEmulator(worlds.github);
  const permit = await startPermitEmulator(worlds.permit);
  const prefix = `property:${++stages}`;
  const place: DrainPlace = {
    ...{ redis, prefix, githubUrl: github.url, permitUrl: permit.url, rules: RULES },
    // A later drain claims the entries of a dead one, and those of a live one as well.
    claimAfterMs: 1,
  };
  if (remembered !== 'nothing') {
    const members = remembered === 'few' ? 7 : 20_000;
    const lastRun = {
      at: new Date().toISOString(),
      members: { acme: members },
      managed: members,
      plain: true,
    };
    await redis.run(
      "redis.call('SET', KEYS[1], ARGV[1])",
      [keysOf(prefix).lastRun],
      [JSON.stringify(lastRun)],
    );
  }
  return {
    ...{ place, server, github, permit, ids: worlds.ids, world: worlds.github, queue: queueAt(place) },
    held: (): PermitSnapshot => snapshot(permit.world),
    close: async () => {
      await github.close();
      await permit.close();
      await redis.run("redis.call('DEL', unpack(KEYS))", Object.values(keysOf(prefix)));
    },
  };
}
type Stage = Awaited<ReturnType<typeof openStage>>;
let stages = 0;

/** Drains until nothing changes anymore, including entries that are looked up again. */
async function drainWhatIsLeft({ place, queue }: Stage): Promise<void> {
  let idle = 0;
  for (let left = (await queue.status()).pending; left > 0 && idle <= LOOK_AGAIN_MS.length; ) {
    await sleep(2);
    await drainOnce(place);
    const { pending } = await queue.status();
    idle = pending === left ? idle + 1 : 0;
    left = pending;
  }
}

type Step =
  | { readonly kind: 'mutate'; readonly mutation: Mutation }
  | {
      readonly kind: 'hint';
      readonly who: number;
      readonly by: 'id' | 'login' | 'both';
      readonly org: string;
    }
  | { readonly kind: 'nobody'; readonly id: number }
  | { readonly kind: 'everybody'; readonly action: 'renamed' | 'team' }
  | { readonly kind: 'junk'; readonly fields: readonly string[] }
  | { readonly kind: 'late' }
  | { readonly kind: 'restart' }
  | { readonly kind: 'reconcile'; readonly drain: boolean }
  | {
      readonly kind: 'drain';
      readonly deaths: readonly (Death | undefined)[];
      readonly restartAt: number | undefined;
      /** Happens while GitHub is asked for the n-th time. */
      /** Whoever is asked by this drain for the n-th time, and from then on, does not answer. */
      readonly outage: { readonly of: 'github' | 'permit'; readonly from: number } | undefined;
      readonly race: { readonly at: number; readonly mutation: Mutation } | undefined;
    };

const deaths: fc.Arbitrary<Death | undefined> = fc.oneof(
  { weight: 2, arbitrary: fc.constant(undefined) },
  {
    weight: 1,
    arbitrary: fc.record({
      at: fc.integer({ min: 1, max: 7 }),
      when: fc.constantFrom<Death['when']>('before', 'after'),
    }),
  },
);

const steps: fc.Arbitrary<Step> = fc.oneof(
  { weight: 12, arbitrary: mutations.map((mutation): Step => ({ kind: 'mutate', mutation })) },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant('hint' as const),
      who: fc.nat(PEOPLE - 1),
      by: fc.constantFrom('id', 'login', 'both'),
      org: fc.constantFrom('acme', 'ACME', 'elsewhere'),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constant('nobody' as const), id: fc.constantFrom(7, 2 ** 40) }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant('everybody' as const),
      action: fc.constantFrom('renamed', 'team'),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant('junk' as const),
      fields: fc.constantFrom(['a', 'b'], ['login', 'p1'], ['delivery', '', 'id', '../x', 'event', 'team']),
    }),
  },
  { weight: 2, arbitrary: fc.constant({ kind: 'late' } as const) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('reconcile' as const), drain: fc.boolean() }) },
  {
    weight: 7,
    arbitrary: fc
      .record({
        kind: fc.constant('drain' as const),
        deaths: fc.oneof(
          { weight: 3, arbitrary: fc.array(deaths, { minLength: 1, maxLength: 1 }) },
          { weight: 1, arbitrary: fc.array(deaths, { minLength: 2, maxLength: 3 }) },
        ),
        restartAt: fc.oneof(
          { weight: 30, arbitrary: fc.constant(undefined) },
          { weight: 1, arbitrary: fc.integer({ min: 1, max: 4 }) },
        ),
        outage: fc.option(
          fc.record({
            of: fc.constantFrom<'github' | 'permit'>('github', 'permit'),
            from: fc.integer({ min: 1, max: 9 }),
          }),
          { freq: 5 },
        ),
        race: fc.option(fc.record({ at: fc.integer({ min: 1, max: 8 }), mutation: mutations }), { freq: 3 }),
      })
      .map((step): Step => ({ ...step, race: step.race ?? undefined, outage: step.outage ?? undefined })),
  },
);

/** What has been reported about whom, step by step. */
function openTelling(stage: Stage) {
  const { world, ids, queue } = stage;
  const late: QueueEntry[] = [];
  /** People about whom something arrived after their last change. */
  const told = new Set<GitHubId>();
  /** People about whom anything ever arrived. */
  const ever = new Set<GitHubId>();
  /**
   * People whose login somebody else has now, and who has it: a drain that hears of one of them looks at both, because
   * neither can get the right user key without the other.
   */
  const inTheWay = new Set<GitHubId>();
  const names = new Map<string, Set<GitHubId>>();
  const note = (): void => {
    for (const { id, login } of world.users.values()) {
      const had = (names.get(login) ?? new Set()).add(id as GitHubId);
      names.set(login, had);
      for (const one of had) {
        if (one === id) continue;
        inTheWay.add(one);
        inTheWay.add(id as GitHubId);
      }
    }
  };
  note();
  const append = async (entry: QueueEntry, about: readonly GitHubId[]): Promise<void> => {
    expect(await queue.append(entry)).toBe('queued');
    for (const id of about) {
      told.add(id);
      ever.add(id);
    }
  };
  return {
    ...{ told, ever, inTheWay, append },
    change: async (mutation: Mutation): Promise<void> => {
      const changed = mutate(world, ids, mutation);
      note();
      for (const one of changed) told.delete(one);
      const id = changed.at(-1);
      if (id === undefined) return;
      const entry = hint(world, { id, login: world.users.get(id)?.login });
      for (let i = 0; i < mutation.told; i++) {
        if (mutation.late) late.unshift(entry);
        else await append(entry, [id]);
      }
    },
    deliverLate: async (): Promise<void> => {
      const entry = late.pop();
      if (entry?.id !== undefined) await append(entry, [entry.id]);
    },
    everybody: (): readonly GitHubId[] => ids,
  };
}
type Telling = ReturnType<typeof openTelling>;

async function perform(step: Step, stage: Stage, telling: Telling): Promise<'everybody' | undefined> {
  const { place, server, world, ids } = stage;
  switch (step.kind) {
    case 'mutate':
      await telling.change(step.mutation);
      return undefined;
    case 'hint': {
      const id = ids[step.who] as GitHubId;
      const login = world.users.get(id)?.login;
      if (step.by !== 'id' && login === undefined) return undefined;
      const whom = { both: { id, login }, id: { id }, login: { login } }[step.by];
      await telling.append(hint(world, { ...whom, org: step.org }), [id]);
      return undefined;
    }
    case 'nobody':
      await telling.append(hint(world, { id: step.id as GitHubId, login: 'nobody' }), []);
      return undefined;
    case 'everybody': {
      const about = step.action === 'team' ? ({ event: 'team', action: 'edited', team: 5 } as const) : {};
      await telling.append(hint(world, { action: 'renamed', ...about }), telling.everybody());
      return 'everybody';
    }
    case 'junk':
      await place.redis.run(
        "redis.call('XADD', KEYS[1], '*', unpack(ARGV))",
        [keysOf(place.prefix).stream],
        step.fields,
      );
      return undefined;
    case 'late':
      await telling.deliverLate();
      return undefined;
    case 'restart':
      await server.restart();
      return undefined;
    case 'reconcile':
      await reconcileInTurn(place, step.drain);
      return 'everybody';
    case 'drain':
      await drainTogether(step, stage, telling);
      return undefined;
    default:
      return step satisfies never;
  }
}

async function drainTogether(
  { deaths, restartAt, race, outage }: Extract<Step, { kind: 'drain' }>,
  { place, server, github, permit }: Stage,
  telling: Telling,
): Promise<void> {
  await sleep(2);
  let asked = 0;
  github.onRequest = async () => {
    if (race && ++asked === race.at) await telling.change(race.mutation);
  };
  const silent = { github, permit }[outage?.of ?? 'github'];
  let arrived = 0;
  if (outage)
    silent.faults.push({ match: () => ++arrived >= outage.from, do: { kind: 'answer', status: 503 } });
  let restarted = false;
  const onStep = async (n: number): Promise<void> => {
    if (n !== restartAt || restarted) return;
    restarted = true;
    await server.restart();
  };
  await Promise.all(
    deaths.map((death) =>
      drainOnce(place, { death, onStep }).catch((error: unknown) => {
        const isOutage = outage !== undefined && error instanceof SyncError;
        if (!(error instanceof Killed) && !isOutage) throw error;
      }),
    ),
  );
  github.onRequest = undefined;
  silent.faults.length = 0;
}

describe.concurrent('whatever happens on the way', () => {
  test.each(SERIES)(
    'people with events end as GitHub says, and nobody else is touched (%i)',
    { timeout: LONG },
    async () => {
      const store = await openStore();
      try {
        await fc.assert(
          fc.asyncProperty(
            fc.constantFrom<Remembered>('nothing', 'few', 'many', 'many'),
            fc.array(steps, { minLength: 4, maxLength: 16 }),
            (remembered, happenings) => live(store, remembered, happenings),
          ),
          { numRuns: Math.ceil(RUNS / SERIES.length), ...seeded() },
        );
      } finally {
        await store.close();
      }
    },
  );
});

async function live(store: Store, remembered: Remembered, happenings: readonly Step[]): Promise<void> {
  const stage = await openStage(store, remembered);
  try {
    await expectConvergence(stage, happenings);
  } finally {
    await stage.close();
  }
}

async function expectConvergence(stage: Stage, happenings: readonly Step[]): Promise<void> {
  const telling = openTelling(stage);
  const before = stage.held();
  let everybody = false;
  for (const step of happenings) {
    everybody = (await perform(step, stage, telling)) === 'everybody' || everybody;
  }
  await drainWhatIsLeft(stage);
  await expectAgreement(stage, telling, before, everybody);
  const junk = happenings.filter(({ kind }) => kind === 'junk').length;
  const dead = (await stage.queue.list()).filter(({ state, entry }) => state === 'dead' && !entry);
  expect(dead, 'what was no entry').toHaveLength(junk);
}

function seeded(): { readonly seed?: number; readonly path?: string } {
  const { DRAIN_SEED, DRAIN_PATH } = process.env;
  return {
    ...(DRAIN_SEED === undefined ? {} : { seed: Number(DRAIN_SEED) }),
    ...(DRAIN_PATH === undefined ? {} : { path: DRAIN_PATH }),
  };
}

async function expectAgreement(
  stage: Stage,
  { told, ever, inTheWay }: Telling,
  before: PermitSnapshot,
  everybody: boolean,
): Promise<void> {
  const { world, place, queue, ids } = stage;
  const held = stage.held();
  const { plan } = await planNow(place);
  const skipped = new Set(plan.skipped.map(({ id }) => id));
  // What a full run would still do concerns only people without an event since their last change.
  const open = plan.people.filter(({ id }) => id !== undefined && told.has(id));
  expect(open, 'a full run has still something to do').toEqual([]);
  for (const id of told) {
    if (skipped.has(id)) continue;
    expect(standing(held, id), `person ${ids.indexOf(id)}`).toBe(wanted(world, id));
  }
  const left = (await queue.list()).flatMap(({ entry }) => entry ?? []);
  for (const { id } of left) expect(id === undefined || skipped.has(id), 'an entry is left').toBe(true);
  for (const id of told) {
    if (skipped.has(id))
      expect(
        left.some((one) => one.id === undefined || one.id === id),
        'an entry was lost',
      ).toBe(true);
  }
  for (const key of ['svc', 'theirs']) expect(held[key]).toEqual(before[key]);
  if (everybody) return;
  for (const [key, user] of Object.entries(before)) {
    const id = user.attributes?.github_id as GitHubId;
    if (!ever.has(id) && !inTheWay.has(id)) expect(held[key], key).toEqual(user);
  }
}
