import { folded } from '../model/identity.ts';
import type { GraphCounts } from '../model/limits.ts';
import type { FullRuns } from '../model/schedule.ts';
import { isInteger, isRecord, parseJson } from '../model/text/record.ts';
import type { AuditCursor, LastRun, RunRecord, TeamMemory } from '../model/webhooks/queue.ts';
import { keysOf } from './keys.ts';
import { CLOCK, EVEN_WHEN_FULL } from './lua-common.ts';
import type { RedisConnection } from './redis.ts';
import { listOf, numberOf, textOf, wholeNumberIn } from './store.ts';

/** Values that are too long for an id or a time were not written by a run. They are returned as '?'. */
const READ_FIELDS = `
local kind = redis.call('TYPE', KEYS[1]).ok
local found = {}
for i, field in ipairs(ARGV) do
  if kind == 'none' then found[i] = ''
  elseif kind ~= 'hash' or redis.call('HSTRLEN', KEYS[1], field) > 20 then found[i] = '?'
  else found[i] = redis.call('HGET', KEYS[1], field) or '' end
end
return found
`;

/** A key of another type is not ours. */
const WRITE_FIELDS = `${EVEN_WHEN_FULL}
if redis.call('TYPE', KEYS[1]).ok ~= 'hash' then redis.call('DEL', KEYS[1]) end
redis.call('HSET', KEYS[1], unpack(ARGV))
`;

export function openTeamMemory(redis: RedisConnection, prefix: string): TeamMemory {
  const { teams } = keysOf(prefix);
  return {
    read: async (org, slugs) => {
      if (slugs.length === 0) return new Map();
      const fields = slugs.map((slug) => `${org}:${slug}`);
      const values = listOf(await redis.run(READ_FIELDS, [teams], fields));
      return new Map(
        slugs.flatMap((slug, index) => {
          const value = values[index];
          return value === '' ? [] : [[slug, wholeNumberIn(textOf(value)) ?? 'damaged'] as const];
        }),
      );
    },
    write: async (org, ids) => {
      if (ids.size === 0) return;
      const values = [...ids].flatMap(([slug, id]) => [`${org}:${slug}`, id]);
      await redis.run(WRITE_FIELDS, [teams], values);
    },
  };
}

export function openAuditCursor(redis: RedisConnection, prefix: string): AuditCursor {
  const { auditLog } = keysOf(prefix);
  return {
    read: async (org) => {
      const [value] = listOf(await redis.run(READ_FIELDS, [auditLog], [folded(org)]));
      return typeof value === 'string' && /^[1-9]\d{0,15}$/.test(value) ? Number(value) : undefined;
    },
    write: async (org, untilMs) => {
      await redis.run(WRITE_FIELDS, [auditLog], [folded(org), untilMs]);
    },
  };
}

/** Longer ones are not ours. */
const MAX_TEXT_BYTES = 1_000_000;
const READ = `
local text = redis.pcall('GETRANGE', KEYS[1], 0, ${MAX_TEXT_BYTES})
return type(text) == 'string' and text or ''
`;
const CLEAR = "redis.call('DEL', KEYS[1])";
const WRITE = `${EVEN_WHEN_FULL}redis.call('SET', KEYS[1], ARGV[1])`;

const FIELDS = `${CLOCK}
local now = clock()
local isOurs = redis.call('TYPE', KEYS[1]).ok == 'hash'
local function known(field) return string.sub(redis.call('HGET', KEYS[1], field) or '', 1, 200) end
`;
/** Runs that follow each other more closely are repetitions by hand: GitHub's shortest schedule is 5 minutes. */
const MIN_INTERVAL_MS = 5 * 60_000;
const KEPT_INTERVALS = 5;
/** After a failover the clock may be another machine's. */
const SKEW_MS = 5 * 60_000;

/** ARGV: shortest interval, how many are kept. Replaces what others wrote. */
const NOTE = `${EVEN_WHEN_FULL}${FIELDS}
if not isOurs then redis.call('DEL', KEYS[1]) end
local since = tonumber(string.match(known('since'), '^%d+$'))
local intervals = {}
if since and since <= now then
  for one in string.gmatch(known('intervals'), '%d+') do table.insert(intervals, one) end
  if now - since >= tonumber(ARGV[1]) then
    table.insert(intervals, whole(now - since))
    since = now
  end
else since = now end
while #intervals > tonumber(ARGV[2]) do table.remove(intervals, 1) end
redis.call('HSET', KEYS[1], 'at', whole(now), 'since', whole(since), 'intervals', table.concat(intervals, ','))
`;
const FULL_RUNS = `${FIELDS}
if redis.call('EXISTS', KEYS[1]) == 0 then return {} end
if not isOurs then return { now, '', '' } end
return { whole(now), known('at'), known('intervals') }
`;

/** What the last full run saw. What can't be read counts as never written: then a drain lists. */
export function openRunRecord(redis: RedisConnection, prefix: string): RunRecord {
  const { lastRun, fullRuns } = keysOf(prefix);
  return {
    read: async () => parseLastRun(textOf(await redis.run(READ, [lastRun]))),
    write: async ({ at, members, managed, plain, graph }) => {
      await redis.run(WRITE, [lastRun], [JSON.stringify({ at, members, managed, plain, graph })]);
    },
    clear: async () => void (await redis.run(CLEAR, [lastRun])),
    noteFullRun: async () => void (await redis.run(NOTE, [fullRuns], [MIN_INTERVAL_MS, KEPT_INTERVALS])),
    fullRuns: async () => parseFullRuns(listOf(await redis.run(FULL_RUNS, [fullRuns]))),
  };
}

/** @param answer empty where nothing is kept; else Redis' time, and the fields, which others may have written. */
export function parseFullRuns(answer: readonly unknown[]): FullRuns {
  if (answer.length === 0) return { kind: 'never' };
  const now = numberOf(answer[0]);
  const at = textOf(answer[1]);
  if (!/^\d{1,15}$/.test(at) || Number(at) > now + SKEW_MS) return { kind: 'damaged' };
  const ageMs = Math.max(0, now - Number(at));
  const texts = textOf(answer[2]).split(',').slice(-KEPT_INTERVALS);
  const intervals = texts.filter((text) => /^[1-9]\d{0,14}$/.test(text)).map(Number);
  const usualMs = intervals.toSorted((a, b) => a - b)[Math.floor(intervals.length / 2)];
  // A forged one must neither hide the silence nor make every moment one.
  return { kind: 'known', ageMs, usualMs: usualMs && Math.max(usualMs, MIN_INTERVAL_MS) };
}

/** @returns undefined unless all of it is sound. `members` has no prototype: an organization may have any name. */
export function parseLastRun(text: string): LastRun | undefined {
  const value = parseJson(text);
  if (!isRecord(value) || typeof value.at !== 'string' || Number.isNaN(Date.parse(value.at)))
    return undefined;
  if (!isRecord(value.members) || !isCount(value.managed) || typeof value.plain !== 'boolean')
    return undefined;
  const members: Record<string, number> = Object.create(null);
  for (const [org, count] of Object.entries(value.members)) {
    if (!isCount(count)) return undefined;
    members[org] = count;
  }
  const { graph } = value;
  if (graph !== undefined && !(isRecord(graph) && isCount(graph.repositories) && isCount(graph.links)))
    return undefined;
  const counts = graph && { graph: { repositories: graph.repositories, links: graph.links } as GraphCounts };
  return { at: value.at, members, managed: value.managed, plain: value.plain, ...counts };
}

const isCount = (value: unknown): value is number => isInteger(value) && value >= 0;
