import { expect, test } from 'vitest';
import { watchAuditLog } from '../../../src/drain/watch-audit-log.ts';
import type { AuditLogReader } from '../../../src/model/ports.ts';
import { gitHubId } from '../../support/builders.ts';

const MINUTE = 60_000;
const START = Date.parse('2026-11-27T12:00:00Z');
type Reading = Awaited<ReturnType<AuditLogReader['readRoleChanges']>>;

const found = (lastMs: number | undefined, ...ids: readonly number[]): Reading => ({
  people: new Map(ids.map((id) => [gitHubId(id), `login-${id}`])),
  lastMs,
  isCut: false,
});

/** Reads these answers in turn, a minute apart. */
async function watched(
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
  await watchAuditLog({
    orgs: ['acme'],
    readRoleChanges: async (_, sinceMs) => {
      sinces.push(sinceMs);
      queued.push([]);
      return readings[queued.length - 1];
    },
    cursor: {
      read: async () => kept,
      write: async (_, untilMs) => {
        kept = untilMs;
      },
    },
    append: async ({ id }) => {
      const answer = answers[appends++] ?? 'queued';
      if (answer === 'queued') queued.at(-1)?.push(Number(id));
      return answer;
    },
    wake: () => undefined,
    onRefused: (org) => void refused.push(org),
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

test('each change is queued once, though a little is read twice, and the cursor follows', async () => {
  const { queued, sinces, kept } = await watched(
    [found(undefined), found(START + MINUTE, 2), found(START + MINUTE, 2), found(START + 3 * MINUTE, 2, 3)],
    {},
  );
  expect(queued).toEqual([[], [2], [], [2, 3]]);
  expect(sinces.slice(0, 3)).toEqual([START, START - MINUTE, START]);
  expect(kept).toBe(START + 3 * MINUTE);
});

test('a restart goes on where the last process ended; what a full queue refused is read again', async () => {
  const { queued, sinces } = await watched([found(START, 7), found(START, 7)], {
    cursor: START - 5 * MINUTE,
    answers: ['full'],
  });
  expect(sinces[0]).toBe(START - 6 * MINUTE);
  expect(queued).toEqual([[], [7]]);
});

test('a refusal is said once and not asked about again for an hour; an answer that did not come says nothing', async () => {
  const { queued, refused, sinces } = await watched(['refused', undefined, found(START, 4)], {
    cursor: START,
  });
  expect(refused).toEqual(['acme']);
  expect(queued).toEqual([[], [], [4]]);
  expect(sinces).toHaveLength(4);
});

test('a forged cursor of the future hides nothing', async () => {
  expect((await watched([found(undefined)], { cursor: START + 999 * MINUTE })).sinces[0]).toBe(
    START - MINUTE,
  );
});
