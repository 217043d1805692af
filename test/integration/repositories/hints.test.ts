import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  addRepository,
  addTeamMember,
  changeRepository,
  orgOf,
  removeMember,
  removeTeamMember,
  repositoryOf,
  setCollaborator,
  setTeamRole,
  teamOf,
  userOf,
} from '../../../src/demo/github/github.ts';
import type { QueueEntry } from '../../../src/model/webhooks/queue.ts';
import { pdpMismatches } from '../../support/parity.ts';
import { type DrainStage, drain, mirroredDrainStage } from '../../support/queue-stage.ts';
import { useRedis } from '../../support/redis.ts';

const redis = useRedis();

type World = DrainStage['github']['world'];
type Event = Partial<QueueEntry>;

const NOBODY = { login: undefined, id: undefined };
const idOf = (world: World, login: string) => ({ login, id: userOf(world, login).id as never });
const named = (world: World, name: string) => ({ repository: repositoryOf(world, 'acme', name).id });
const CORE = (world: World) => ({ team: teamOf(world, 'acme', 'core').id });

/** Changes that do not depend on each other, each with the webhook that GitHub sends. */
const CHANGES: readonly ((world: World) => Event)[] = [
  (world) => {
    setTeamRole(world, 'acme', 'handbook', 'core', 'write');
    return {
      event: 'team',
      action: 'added_to_repository',
      ...NOBODY,
      ...CORE(world),
      ...named(world, 'handbook'),
    };
  },
  (world) => {
    setTeamRole(world, 'acme', 'payments-api', 'core', undefined);
    const core = { ...NOBODY, ...CORE(world), ...named(world, 'payments-api') };
    return { event: 'team', action: 'removed_from_repository', ...core };
  },
  (world) => {
    setCollaborator(world, 'acme', 'handbook', 'dan', 'admin');
    return { event: 'member', action: 'added', ...idOf(world, 'dan'), ...named(world, 'handbook') };
  },
  (world) => {
    setCollaborator(world, 'acme', 'payments-api', 'guest', undefined);
    return { event: 'member', action: 'removed', ...idOf(world, 'guest'), ...named(world, 'payments-api') };
  },
  (world) => {
    addTeamMember(world, 'acme', 'core', 'eve');
    return { event: 'membership', action: 'added', ...idOf(world, 'eve'), ...CORE(world) };
  },
  (world) => {
    removeTeamMember(world, 'acme', 'core', 'ben');
    return { event: 'membership', action: 'removed', ...idOf(world, 'ben'), ...CORE(world) };
  },
  (world) => {
    addRepository(world, 'acme', {
      name: 'new',
      teams: { core: 'write' },
      collaborators: { dan: 'admin', visitor: 'triage' },
    });
    return { event: 'repository', action: 'created', ...NOBODY, ...named(world, 'new') };
  },
  (world) => {
    const ann = idOf(world, 'ann');
    removeMember(world, 'acme', 'ann');
    return { event: 'organization', action: 'member_removed', ...ann };
  },
  (world) => {
    setTeamRole(world, 'acme', 'handbook', 'platform', undefined);
    const platform = { ...NOBODY, team: teamOf(world, 'acme', 'platform').id };
    return { event: 'team', action: 'removed_from_repository', ...platform, ...named(world, 'handbook') };
  },
  (world) => {
    const { teams } = orgOf(world, 'acme');
    const core = teamOf(world, 'acme', 'core');
    teams.set(core.id, { ...core, parent: undefined });
    return { event: 'team', action: 'edited', ...NOBODY, ...CORE(world) };
  },
  (world) => {
    changeRepository(world, 'acme', 'next.js', { archived: true });
    return { event: 'repository', action: 'archived', ...NOBODY, ...named(world, 'next.js') };
  },
];

/** Webhooks of the chosen changes: in any order, some lost, some twice. */
const heard = fc.record({
  changes: fc.shuffledSubarray(
    CHANGES.map((_, index) => index),
    { minLength: 1 },
  ),
  times: fc.array(fc.nat({ max: 2 }), { minLength: CHANGES.length, maxLength: CHANGES.length }),
  order: fc.array(fc.nat({ max: 1000 }), { minLength: 2 * CHANGES.length, maxLength: 2 * CHANGES.length }),
});

test('any order, duplication and loss of webhooks removes nothing that GitHub gives, and a full run ends the same', async () => {
  await fc.assert(
    fc.asyncProperty(heard, async ({ changes, times, order }) => {
      const stage = await mirroredDrainStage(redis);
      const { world } = stage.github;
      const events = changes.flatMap((change) => {
        const event = CHANGES[change]?.(world) ?? {};
        return Array.from({ length: times[change] ?? 1 }, () => event);
      });
      const shuffled = events
        .map((event, at) => ({ event, rank: order[at] ?? 0 }))
        .sort((a, b) => a.rank - b.rank)
        .map(({ event }) => event);
      for (const event of shuffled) await stage.hear('', 1, { org: 'acme', ...event });
      const missing = async () =>
        (await pdpMismatches(stage)).filter((mismatch) => mismatch.endsWith(': true on GitHub'));
      const before = await missing();
      const drained = await drain(stage);
      expect([0, 4], drained.stderr).toContain(drained.code);
      for (const lost of await missing()) expect(before).toContain(lost);

      const full = await stage.run(['reconcile']);
      expect(full.code, full.stdout).toBe(0);
      expect(await pdpMismatches(stage)).toEqual([]);
      const after = await stage.run(['reconcile', '--dry-run', '--detailed-exitcode']);
      expect(after.code, after.stdout).toBe(0);
    }),
    { numRuns: Number(process.env.PROPERTY_RUNS ?? 8) },
  );
});
