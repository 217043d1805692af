import { chunks, parseJson } from '../model/text/record.ts';
import { printable } from '../model/text/text.ts';
import {
  type EntryId,
  isEntryId,
  MAX_ATTEMPTS,
  type QueueConsumer,
  type TakenEntry,
} from '../model/webhooks/queue.ts';
import { parseEntry, parseRecord } from './entry.ts';
import { SETTLE_DEAD } from './lua-admin.ts';
import { END, FAIL, KEEP, LOOK_AGAIN, NEXT_DUE, PUT_OFF, RELEASE, SETTLE } from './lua-drain.ts';
import { TAKE, TAKE_HELD } from './lua-take.ts';
import { readDead, readPages } from './read-entries.ts';
import { listOf, numberOf, type Store, textOf } from './store.ts';

export type ConsumerOptions = {
  /** Name in the consumer group, unique to each drain. */
  readonly consumer: string;
  /** Without `keep` for this long, any drain may take the entries of a drain. */
  readonly claimAfterMs: number;
  /** Entries older than this are taken from other drains even so. */
  readonly heldAfterMs: number;
  /** Wait after the first failure, doubled by each further failure. */
  readonly backoff: { readonly firstMs: number; readonly longestMs: number };
  /** Waits before a contradicted entry is looked up again, as many as `LOOK_AGAIN_MS` has. */
  readonly lookAgainMs: readonly number[];
  /** Waits of an entry that is put off once, twice and so on; the last one repeats. */
  readonly putOffMs: readonly number[];
  /** Called when ids or the group's cursor had to be repaired because someone else had changed them. */
  readonly onRepair: () => void;
};

const MAX_PAGE_SIZE = 200;
const MAX_REASON_LENGTH = 300;

/** The drain's side of the queue. */
export function openConsumer(
  store: Store,
  { consumer, claimAfterMs, heldAfterMs, backoff, lookAgainMs, putOffMs, onRepair }: ConsumerOptions,
): QueueConsumer {
  /** An unreadable entry stays unreadable, so its first failure makes it a dead letter. */
  const unreadable = new Set<EntryId>();
  /** How often this drain has put off each entry. */
  const timesPutOff = new Map<EntryId, number>();

  const note = (rows: unknown): readonly TakenEntry[] => {
    const taken = listOf(parseJson(textOf(rows))).map(takenOf);
    for (const { id, entry } of taken) if (entry === undefined) unreadable.add(id);
    return taken;
  };

  async function takePage(most: number, upTo: string, retry: string): Promise<readonly TakenEntry[]> {
    for (;;) {
      const [gone, rows, isRepaired] = listOf(
        await store.run(TAKE, consumer, most, upTo, retry, claimAfterMs),
      );
      if (isRepaired === 1) onRepair();
      const taken = note(rows);
      // If someone else deleted all of these entries, more may follow.
      if (taken.length > 0 || numberOf(gone) === 0) return taken;
    }
  }

  return {
    take: async ({ most, upTo, retry }) => {
      if (upTo !== undefined && !isEntryId(upTo)) return [];
      const taken: TakenEntry[] = [];
      while (taken.length < most) {
        const wanted = Math.min(MAX_PAGE_SIZE, most - taken.length);
        const page = await takePage(wanted, upTo ?? '+', retry);
        taken.push(...page);
        if (page.length < wanted) break;
      }
      return taken;
    },
    isHeldTooLong: async () => numberOf(listOf(await store.run(TAKE_HELD, consumer, 0, heldAfterMs))[0]) > 0,
    takeHeld: async () => {
      const taken = new Map<EntryId, TakenEntry>();
      for (;;) {
        const [found, rows] = listOf(await store.run(TAKE_HELD, consumer, MAX_PAGE_SIZE, heldAfterMs));
        const before = taken.size;
        for (const one of note(rows)) taken.set(one.id, one);
        // Someone else may claim them again as fast as they are taken.
        if (numberOf(found) <= MAX_PAGE_SIZE || taken.size === before) return [...taken.values()];
      }
    },
    keep: async (ids) => void (await store.runAll(KEEP, ids, consumer)),
    settle: async (ids) => {
      for (const id of ids) timesPutOff.delete(id);
      await store.runAll(SETTLE, ids);
    },
    release: async (ids) => void (await store.runAll(RELEASE, ids, consumer)),
    putOff: async (ids) => {
      for (const some of chunks(ids.filter(isEntryId), MAX_PAGE_SIZE)) {
        const args = some.flatMap((id) => {
          const times = timesPutOff.get(id) ?? 0;
          timesPutOff.set(id, times + 1);
          return [id, putOffMs[Math.min(times, putOffMs.length - 1)] ?? 0];
        });
        await store.run(PUT_OFF, consumer, ...args);
      }
    },
    lookAgain: async (contradicted) => {
      for (const some of soundChunks(contradicted)) {
        const args = some.flatMap(({ id, lookup }) => [id, lookup]);
        await store.run(LOOK_AGAIN, consumer, lookAgainMs.join(), ...args);
      }
    },
    fail: async (failures) => {
      for (const some of soundChunks(failures)) {
        const args = some.flatMap(({ id, reason }) => [
          id,
          printable(reason).slice(0, MAX_REASON_LENGTH),
          unreadable.has(id) ? 1 : MAX_ATTEMPTS,
        ]);
        await store.run(FAIL, consumer, backoff.firstMs, backoff.longestMs, ...args);
        for (const { id } of some) {
          unreadable.delete(id);
          timesPutOff.delete(id);
        }
      }
    },
    end: async () => {
      const [last, isRepaired] = listOf(await store.run(END));
      if (isRepaired === 1) onRepair();
      return textOf(last) || undefined;
    },
    listUpTo: async (upTo) => {
      if (!isEntryId(upTo)) return { entries: [], dead: [] };
      return { entries: await readPages(store, upTo), dead: await readDead(store, upTo) };
    },
    settleDead: async (ids) => void (await store.runAll(SETTLE_DEAD, ids)),
    nextDueMs: async () => {
      const ms = numberOf(await store.run(NEXT_DUE));
      return ms < 0 ? undefined : ms;
    },
  };
}

function takenOf(row: unknown): TakenEntry {
  const [id, record, lookup, ...fields] = listOf(row);
  return {
    id: textOf(id),
    entry: parseEntry(fields),
    attempts: parseRecord(textOf(record)).attempts,
    lookup: numberOf(lookup),
  };
}

const soundChunks = <T extends { readonly id: EntryId }>(entries: readonly T[]): Iterable<readonly T[]> =>
  chunks(
    entries.filter(({ id }) => isEntryId(id)),
    MAX_PAGE_SIZE,
  );
