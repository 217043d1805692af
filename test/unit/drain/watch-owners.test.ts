import { expect, test } from 'vitest';
import { watchOwners } from '../../../src/drain/watch-owners.ts';
import type { QueueEntry } from '../../../src/model/webhooks/queue.ts';
import { gitHubId } from '../../support/builders.ts';

const owners = (...ids: readonly number[]) => new Map(ids.map((id) => [gitHubId(id), `login-${id}`]));

/** Reads these lists in turn. @returns what was queued after each, and whether the drain was woken. */
async function watched(
  readings: readonly (ReturnType<typeof owners> | undefined)[],
  answers: readonly ('queued' | 'full')[] = [],
) {
  const queued: QueueEntry[][] = [];
  const unread: string[] = [];
  let wakes = 0;
  let appends = 0;
  await watchOwners({
    orgs: ['acme'],
    listOwners: async () => {
      queued.push([]);
      return readings[queued.length - 1];
    },
    append: async (entry) => {
      const answer = answers[appends++] ?? 'queued';
      if (answer === 'queued') queued.at(-1)?.push(entry);
      return answer;
    },
    wake: () => void wakes++,
    onUnread: (org) => void unread.push(org),
    everyMs: 15_000,
    pause: async () => undefined,
    isStopped: () => queued.length >= readings.length + 1,
    now: () => new Date('2026-11-27T12:00:00Z'),
  });
  return {
    ids: queued.slice(0, readings.length).map((one) => one.map(({ id }) => id)),
    queued,
    unread,
    wakes,
  };
}

test('whoever becomes an owner or stops being one is queued, as a hint that can be contradicted by nothing', async () => {
  const { ids, queued, wakes } = await watched([owners(1, 2), owners(1, 2), owners(1, 3)]);
  expect(ids).toEqual([[], [], [2, 3]]);
  expect(wakes).toBe(1);
  expect(queued[2]?.[1]).toEqual({
    delivery: 'owners:acme:2026-11-27T12:00:00.000Z',
    event: 'organization',
    action: 'role_changed',
    org: 'acme',
    orgId: undefined,
    login: 'login-3',
    id: 3,
    team: undefined,
    at: '2026-11-27T12:00:00.000Z',
  });
});

test('a list that did not come says nothing, once', async () => {
  const { ids, unread } = await watched([owners(1), undefined, undefined, owners(1, 2)]);
  expect(ids).toEqual([[], [], [], [2]]);
  expect(unread).toEqual(['acme']);
});

test('what a full queue refused is found again', async () => {
  expect((await watched([owners(1), owners(1, 2), owners(1, 2)], ['full'])).ids).toEqual([[], [], [2]]);
});
