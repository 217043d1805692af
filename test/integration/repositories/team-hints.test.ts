import { describe, expect, test } from 'vitest';
import { addTeam, orgOf, teamOf } from '../../../src/demo/github/github.ts';
import type { QueueEntry } from '../../../src/model/webhooks/queue.ts';
import { pdpMismatches } from '../../support/parity.ts';
import { type DrainStage, drain, mirroredDrainStage } from '../../support/queue-stage.ts';
import { useRedis } from '../../support/redis.ts';

const redis = useRedis();

type World = DrainStage['github']['world'];
type Event = Partial<QueueEntry>;

const NOBODY = { login: undefined, id: undefined };
/** @param parent its slug; undefined for none. */
function moveTeam(world: World, slug: string, parent: string | undefined): Event {
  const team = teamOf(world, 'acme', slug);
  const above = parent === undefined ? undefined : teamOf(world, 'acme', parent).id;
  orgOf(world, 'acme').teams.set(team.id, { ...team, parent: above });
  return { event: 'team', action: 'edited', ...NOBODY, team: team.id };
}

async function hear(stage: DrainStage, event: Event): Promise<void> {
  await stage.hear('', 1, { org: 'acme', ...event });
}

async function expectConverged(stage: DrainStage): Promise<void> {
  const drained = await drain(stage);
  expect(drained.code, JSON.stringify(drained.json.warnings)).toBe(0);
  expect(drained.json.queue).toMatchObject({ failed: 0, waiting: 0 });
  expect(await pdpMismatches(stage)).toEqual([]);
  const after = await stage.run(['reconcile', '--dry-run', '--detailed-exitcode']);
  expect(after.code, after.stdout).toBe(0);
}

describe('a webhook about a team', () => {
  test.each<readonly [what: string, change: (world: World) => Event]>([
    ['a child leaves its parent', (world) => moveTeam(world, 'core', undefined)],
    ['a child changes its parent', (world) => moveTeam(world, 'core', 'empty')],
    ['a team gets a parent', (world) => moveTeam(world, 'empty', 'platform')],
    [
      'a child is deleted',
      (world) => {
        const team = teamOf(world, 'acme', 'core').id;
        orgOf(world, 'acme').teams.delete(team);
        for (const { teams } of orgOf(world, 'acme').repositories.all.values()) teams.delete(team);
        return { event: 'team', action: 'deleted', ...NOBODY, team };
      },
    ],
  ])('converges the teams above and below it: %s', async (_, change) => {
    const stage = await mirroredDrainStage(redis);
    const { world } = stage.github;
    addTeam(world, 'acme', { slug: 'oncall', parent: 'core', members: ['dan'] });
    expect(await stage.run(['reconcile'])).toMatchObject({ code: 0 });
    await hear(stage, change(world));
    await expectConverged(stage);
  });
});
