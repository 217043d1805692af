import { expect, test } from 'vitest';
import { auditLogChanges, ownerChanges, watchRoles } from '../../../src/drain/watch-roles.ts';
import type { AuditLogReader } from '../../../src/model/ports.ts';
import type { QueueEntry } from '../../../src/model/webhooks/queue.ts';
import { gitHubId } from '../../support/builders.ts';

const owners = (...ids: readonly number[]) => new Map(ids.map((id) => [gitHubId(id), `login-${id}`]));

/** Reads these lists in turn. @returns what was queued after each, and whether the drain was woken. */
async function watchedOwners(
  readings: readonly (ReturnType<typeof owners> | undefined)[],
  answers: readonly ('queued' | 'full')[] = [],
) {
  const queued: QueueEntry[][] = [];
  const unread: string[] = [];
  let wakes = 0;
  let appends = 0;
  const listOwners = async () => {
    queued.push([]);
    return readings[queued.length - 1];
  };
  await watchRoles(ownerChanges(listOwners), {
    orgs: ['acme'],
    append: async (entry) => {
      const answer = answers[appends++] ?? 'queued';
      if (answer === 'queued') queued.at(-1)?.push(entry);
      return answer;
    },
    wake: () => void wakes++,
    onUnreadable: (org) => void unread.push(org),
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

test('queues everyone who becomes an owner or stops being one, as a hint that no answer can contradict', async () => {
  const { ids, queued, wakes } = await watchedOwners([owners(1, 2), owners(1, 2), owners(1, 3)]);
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
    repository: undefined,
    at: '2026-11-27T12:00:00.000Z',
  });
});

test('reports an unreadable list of owners once, and takes nothing from it', async () => {
  const { ids, unread } = await watchedOwners([owners(1), undefined, undefined, owners(1, 2)]);
  expect(ids).toEqual([[], [], [], [2]]);
  expect(unread).toEqual(['acme']);
});

test('finds an owner again whom a full queue refused', async () => {
  expect((await watchedOwners([owners(1), owners(1, 2), owners(1, 2)], ['full'])).ids).toEqual([[], [], [2]]);
});

const MINUTE = 60_000;
const START = Date.parse('2026-11-27T12:00:00Z');
type Reading = Awaited<ReturnType<AuditLogReader['readRoleChanges']>>;

const found = (lastMs: number | undefined, ...ids: readonly number[]): Reading => ({
  people: new Map(ids.map((id) => [gitHubId(id), `login-${id}`])),
  lastMs,
  isCut: false,
});

/** Reads these answers in turn, a minute apart. */
async function watchedLog(
  readings: readonly Reading[],
  {
    cursor,
    answers = [],
  }: { readonly cursor?: number; readonly answers?: readonly ('queued' | 'full')[] } = {},
) {
  const queued: number[][] = [];
  const sinces: number[] = [];
  const refused: string[] = [];
  let kept = cursor;
  let clock = START;
  let appends = 0;
  let rounds = 0;
  const readRoleChanges = async (_: string, sinceMs: number) => {
    sinces.push(sinceMs);
    queued.push([]);
    return readings[queued.length - 1];
  };
  const auditCursor = {
    read: async () => kept,
    write: async (_: string, untilMs: number) => {
      kept = untilMs;
    },
  };
  await watchRoles(auditLogChanges(readRoleChanges, auditCursor), {
    orgs: ['acme'],
    append: async ({ id }) => {
      const answer = answers[appends++] ?? 'queued';
      if (answer === 'queued') queued.at(-1)?.push(Number(id));
      return answer;
    },
    wake: () => undefined,
    onUnreadable: (org) => void refused.push(org),
    everyMs: MINUTE,
    pause: async (ms) => {
      clock += ms;
      rounds++;
    },
    isStopped: () => rounds >= 200 || queued.length > readings.length,
    now: () => new Date(clock),
  });
  return { queued: queued.slice(0, readings.length), sinces, refused, kept };
}

test('queues each change of the audit log once, although the readings overlap, and moves the cursor', async () => {
  const { queued, sinces, kept } = await watchedLog(
    [found(undefined), found(START + MINUTE, 2), found(START + MINUTE, 2), found(START + 3 * MINUTE, 2, 3)],
    {},
  );
  expect(queued).toEqual([[], [2], [], [2, 3]]);
  expect(sinces.slice(0, 3)).toEqual([START, START - MINUTE, START]);
  expect(kept).toBe(START + 3 * MINUTE);
});

test('continues after a restart where the last process ended, and reads again what a full queue refused', async () => {
  const { queued, sinces } = await watchedLog([found(START, 7), found(START, 7)], {
    cursor: START - 5 * MINUTE,
    answers: ['full'],
  });
  expect(sinces[0]).toBe(START - 6 * MINUTE);
  expect(queued).toEqual([[], [7]]);
});

test('reports a refusal once and waits an hour before it asks again; ignores a missing answer', async () => {
  const { queued, refused, sinces } = await watchedLog(['refused', undefined, found(START, 4)], {
    cursor: START,
  });
  expect(refused).toEqual(['acme']);
  expect(queued).toEqual([[], [], [4]]);
  expect(sinces).toHaveLength(4);
});

test('a forged cursor from the future hides nothing', async () => {
  expect((await watchedLog([found(undefined)], { cursor: START + 999 * MINUTE })).sinces[0]).toBe(
    START - MINUTE,
  );
});
