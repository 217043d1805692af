import { SyncError } from '../model/errors.ts';
import { chunks } from '../model/text/record.ts';
import type { QueueEntry, QueueProducer } from '../model/webhooks/queue.ts';
import { fieldsOf } from './entry.ts';
import { COMMON, FUTURE_MS } from './lua-common.ts';
import { CHECK_MEMORY, type Memory, memoryOf } from './memory.ts';
import type { RedisConnection } from './redis.ts';
import { MAX_ITEMS_PER_SCRIPT, numberOf, type Store } from './store.ts';

/** How often to ask Redis how full it is. */
const MEMORY_EVERY_MS = 1_000;

type Pending = {
  readonly entry: QueueEntry;
  readonly resolve: (appended: 'queued' | 'full') => void;
  readonly reject: (error: unknown) => void;
};

/**
 * The receiver's side of the queue. One call appends all entries that arrive together, or while the previous call runs:
 * each call costs a round trip, and a flush to disk with `appendfsync always`. Each entry gets its own answer, once
 * Redis has it.
 * @param maxEntries most entries in the stream.
 */
export function openProducer(store: Store, redis: RedisConnection, maxEntries: number): QueueProducer {
  let pending: Pending[] = [];
  let isAppending = false;
  let asked = Number.NEGATIVE_INFINITY;
  let memory: Memory | undefined;
  /** A queue that fills Redis to the last byte would leave no room for draining it. */
  const requireRoom = async (): Promise<void> => {
    if (performance.now() - asked >= MEMORY_EVERY_MS) {
      asked = performance.now();
      memory = memoryOf(await store.run(CHECK_MEMORY));
    }
    if (!memory?.isNearlyFull) return;
    throw new SyncError(
      'QUEUE_UNAVAILABLE',
      `Redis at ${redis.shown} is nearly full (${memory.usedBytes} of ${memory.maxBytes} bytes of maxmemory)`,
      'raise its maxmemory, or drain the queue',
    );
  };
  const appendGroup = async (group: readonly Pending[]): Promise<void> => {
    try {
      await requireRoom();
      const entries = group.map(({ entry }) => JSON.stringify(fieldsOf(entry)));
      const queued = numberOf(await store.run(APPEND, maxEntries, ...entries));
      group.forEach(({ resolve }, i) => void resolve(i < queued ? 'queued' : 'full'));
    } catch (error) {
      for (const { reject } of group) reject(error);
    }
  };
  const appendPending = async (): Promise<void> => {
    while (pending.length > 0) {
      const groups = [...chunks(pending, MAX_ITEMS_PER_SCRIPT)];
      pending = [];
      await Promise.all(groups.map(appendGroup));
    }
    isAppending = false;
  };
  return {
    append: (entry) =>
      new Promise((resolve, reject) => {
        pending.push({ entry, resolve, reject });
        if (isAppending) return;
        isAppending = true;
        // After all deliveries that have arrived by now.
        setImmediate(() => void appendPending());
      }),
    ping: redis.ping,
  };
}

/**
 * ARGV: most entries in the stream, then for each new entry a JSON array of fields and values in turn. Returns how many
 * were appended, counted from the first. For the rest the stream is full.
 */
const APPEND = `
local room, appended, last = tonumber(ARGV[1]) - redis.call('XLEN', KEYS[1]), 0, nil
local function append()
  while appended < math.min(room, #ARGV - 1) do
    last = redis.pcall('XADD', KEYS[1], '*', unpack(cjson.decode(ARGV[appended + 2])))
    if type(last) == 'table' then return end
    appended = appended + 1
  end
end
append()
if not last then return 0 end
-- The usual case returns here, before the rest is even defined: the receiver runs this for each group of deliveries.
if type(last) == 'string' then
  local ms, seconds = string.match(last, '^(%d+)-'), redis.call('TIME')[1]
  if tonumber(ms) <= tonumber(seconds) * 1000 + ${FUTURE_MS} then return appended end
end
${COMMON}
if type(last) == 'string' then
  repairIds(last)
  return appended
end
local isRepaired = string.find(last.err, 'ID') and repairIds(lastGenerated())
if isRepaired then append() end
if type(last) == 'table' then return redis.error_reply(last.err) end
return appended
`;
