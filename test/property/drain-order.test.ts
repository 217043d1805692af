import fc from 'fast-check';
import { expect, test } from 'vitest';
import { startGitHubEmulator } from '../../src/demo/github/github.ts';
import { snapshot, startPermitEmulator } from '../../src/demo/permit/permit.ts';
import type { GitHubId } from '../../src/model/identity.ts';
import { keysOf } from '../../src/queue/keys.ts';
import { type DrainPlace, drainOnce, queueAt, reconcileInTurn } from '../support/drain-stage.ts';
import { useRedis } from '../support/redis.ts';
import { hint, type Mutation, mutate, mutations, openWorlds, PEOPLE, RULES } from './drain-worlds.ts';

const RUNS = Number(process.env.DRAIN_RUNS ?? 20);
const redis = useRedis();

/** The same worlds after the same changes, with their own queue; `ids` are the people for whom anything changed. */
async function openPlace(changes: readonly Mutation[]) {
  const worlds = openWorlds();
  const changed = new Set<GitHubId>();
  for (const one of changes) for (const id of mutate(worlds.github, worlds.ids, one)) changed.add(id);
  const github = await startGitHubEmulator(worlds.github);
  const permit = await startPermitEmulator(worlds.permit);
  const prefix = redis.prefix();
  const place: DrainPlace = {
    ...{ redis: redis.connection, prefix, rules: RULES },
    ...{ githubUrl: github.url, permitUrl: permit.url },
  };
  return {
    ...{ place, worlds, changed, held: () => snapshot(worlds.permit) },
    /** Then people are looked at, and not listed. */
    rememberManyMembers: async () => {
      const lastRun = {
        at: new Date().toISOString(),
        members: { acme: 20_000 },
        managed: 20_000,
        plain: true,
      };
      await redis.raw.set(keysOf(prefix).lastRun, JSON.stringify(lastRun));
    },
    close: () => Promise.all([github.close(), permit.close()]),
  };
}

/** Orders, more of some, and pauses in which a drain works off what has arrived. */
const arrivals = fc.array(
  fc.record({ who: fc.nat(PEOPLE - 1), drain: fc.constantFrom(false, false, true) }),
  {
    maxLength: 12,
  },
);

test('any order and any number of webhooks ends where a full run ends', { timeout: 600_000 }, async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(mutations, { minLength: 1, maxLength: 8 }),
      arrivals,
      fc.array(fc.nat(), { minLength: PEOPLE, maxLength: PEOPLE }),
      async (changes, early, ranks) => {
        const [full, queued] = await Promise.all([openPlace(changes), openPlace(changes)]);
        try {
          await reconcileInTurn(full.place);
          await queued.rememberManyMembers();
          const { place, worlds } = queued;
          const queue = queueAt(place);
          // An event that says nothing of whether the person is in: no answer contradicts it.
          const about = (id: GitHubId) => hint(worlds.github, { id, action: 'renamed' });
          // Everyone who changed is reported at least once, the others by chance.
          const last = [...queued.changed].sort((a, b) => rankOf(a) - rankOf(b));
          function rankOf(id: GitHubId): number {
            return ranks[worlds.ids.indexOf(id)] ?? 0;
          }
          for (const { who, drain } of early) {
            const id = worlds.ids[who];
            if (id !== undefined && queued.changed.has(id)) await queue.append(about(id));
            if (drain) await drainOnce(place);
          }
          for (const id of last) await queue.append(about(id));
          await drainOnce(place);
          await drainOnce(place);
          expect(queued.held()).toEqual(full.held());
        } finally {
          await Promise.all([full.close(), queued.close()]);
        }
      },
    ),
    { numRuns: RUNS },
  );
});
