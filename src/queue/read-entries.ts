import { compareIds, type EntryId, isEntryId, type ListedEntry } from '../model/webhooks/queue.ts';
import { ageSeconds, parseDead, parseEntry, parseRecord } from './entry.ts';
import { DEAD_PAGE, PAGE } from './lua-admin.ts';
import { listOf, numberOf, type Store, textOf } from './store.ts';

const MAX_PAGE_SIZE = 500;

/** Every entry of the stream up to this one, the oldest first, a page at a time. @param upTo `+` for all. */
export async function readPages(store: Store, upTo: EntryId | '+'): Promise<readonly ListedEntry[]> {
  const listed: ListedEntry[] = [];
  for (let from = '-'; ; ) {
    const [now, rows] = listOf(await store.run(PAGE, from, upTo, MAX_PAGE_SIZE));
    const page = listOf(rows).map((row) => listedOf(listOf(row), numberOf(now)));
    listed.push(...page);
    const last = page.at(-1);
    if (last === undefined || page.length < MAX_PAGE_SIZE) return listed;
    from = `(${last.id}`;
  }
}

function listedOf([id, state, record, lookup, ...fields]: readonly unknown[], nowMs: number): ListedEntry {
  return {
    id: textOf(id),
    state: state === 'failed' || state === 'taken' ? state : 'waiting',
    entry: parseEntry(fields),
    ...parseRecord(textOf(record)),
    lookup: numberOf(lookup),
    ageSeconds: ageSeconds(textOf(id), nowMs),
  };
}

/** Every dead letter of entries up to this one, the oldest first. @param upTo `+` for all, odd ids included. */
export async function readDead(store: Store, upTo: EntryId | '+'): Promise<readonly ListedEntry[]> {
  const letters = new Map<string, ListedEntry>();
  let cursor = '0';
  do {
    const [now, next, rows] = listOf(await store.run(DEAD_PAGE, cursor));
    for (const row of listOf(rows)) {
      const [id, text] = listOf(row).map(textOf);
      if (id === undefined || text === undefined) continue;
      letters.set(id, {
        id,
        state: 'dead',
        lookup: 1,
        ...parseDead(text),
        ageSeconds: ageSeconds(id, numberOf(now)),
      });
    }
    cursor = textOf(next) || '0';
  } while (cursor !== '0');
  return [...letters.values()]
    .filter(({ id }) => upTo === '+' || (isEntryId(id) && compareIds(id, upTo) <= 0))
    .toSorted((a, b) => compareIds(a.id, b.id));
}
