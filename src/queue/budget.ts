import { parseGitHubId } from '../model/identity.ts';
import { BUDGET_NAMES, type BudgetName, forEachBudget } from '../model/limits.ts';
import type { Warning } from '../model/problem.ts';
import { count } from '../model/text/text.ts';
import type { Budget, ListingBudget } from '../model/webhooks/queue.ts';
import { keysOf } from './keys.ts';
import { CLOCK, EVEN_WHEN_FULL, FUTURE_MS, HEAL } from './lua-common.ts';
import type { RedisConnection } from './redis.ts';
import { listOf, numberOf, textOf } from './store.ts';

export const WINDOW_MS = 24 * 60 * 60_000;

/** Accepts what `parseGitHubId` accepts. */
export const IS_ID = `
local function isId(text)
  return string.match(text, '^[1-9]%d*$') ~= nil
    and (#text < 16 or (#text == 16 and text <= '${Number.MAX_SAFE_INTEGER}'))
end
`;

/**
 * Only GitHub ids that were reserved within the window, by Redis' own clock, count. Otherwise anyone who can write to
 * Redis could block every removal, with a value that isn't an id or with a time in the future.
 */
const COUNTING = `${CLOCK}${IS_ID}
local now = clock()
local oldest, latest = '(' .. whole(now - tonumber(ARGV[1])), whole(now + ${FUTURE_MS})
`;

/**
 * KEYS: a sorted set for each limit. ARGV: window in milliseconds. Returns, for each set, the ids and how many values
 * no run wrote.
 */
const SPENT = `${COUNTING}
local spent, forged = {}, {}
for which, key in ipairs(KEYS) do
  spent[which], forged[which] = {}, redis.call('ZCOUNT', key, '(' .. latest, '+inf')
  for _, id in ipairs(redis.call('ZRANGEBYSCORE', key, oldest, latest)) do
    if isId(id) then table.insert(spent[which], id) else forged[which] = forged[which] + 1 end
  end
end
return { spent, forged }
`;

/** KEYS: the same. ARGV: window; then for each set in turn how many it may hold, how many people follow, their ids. */
const RESERVE = `${EVEN_WHEN_FULL}${COUNTING}
local function dropOthers(key)
  for _, id in ipairs(redis.call('ZRANGE', key, 0, -1)) do
    if not isId(id) then redis.call('ZREM', key, id) end
  end
end
local people, at = {}, 2
for which, key in ipairs(KEYS) do
  local allowed, last = tonumber(ARGV[at]), at + 1 + tonumber(ARGV[at + 1])
  people[which] = {}
  for i = at + 2, last do table.insert(people[which], ARGV[i]) end
  at = last + 1
  local new = 0
  redis.call('ZREMRANGEBYSCORE', key, '-inf', string.sub(oldest, 2))
  redis.call('ZREMRANGEBYSCORE', key, '(' .. latest, '+inf')
  for _, id in ipairs(people[which]) do
    if not redis.call('ZSCORE', key, id) then new = new + 1 end
  end
  if new > 0 and redis.call('ZCARD', key) + new > allowed then
    dropOthers(key)
    if redis.call('ZCARD', key) + new > allowed then return 0 end
  end
end
for which, key in ipairs(KEYS) do
  for _, id in ipairs(people[which]) do
    redis.call('ZADD', key, whole(now), id)
  end
end
return 1
`;

/**
 * The rolling budget of all runs on this queue.
 * @param windowMs shorter than 24 hours in tests. @param onTampering called for values that no run wrote.
 */
export function openBudget(
  redis: RedisConnection,
  prefix: string,
  {
    windowMs = WINDOW_MS,
    onTampering,
  }: { readonly windowMs?: number | undefined; readonly onTampering?: (found: Warning) => void } = {},
): Budget {
  const all = keysOf(prefix);
  // A set for each limit, so that a run of an earlier version reads its part.
  const keys = BUDGET_NAMES.map((name) => all[name]);
  return {
    spent: async () => {
      const [spent, forged] = listOf(await redis.run(SPENT, keys, [windowMs])).map(listOf);
      return forEachBudget((name) => {
        const at = BUDGET_NAMES.indexOf(name);
        const values = numberOf(forged?.[at]);
        if (values > 0) onTampering?.(forgedBudget(name, all[name], values));
        return idsIn(spent?.[at]);
      });
    },
    reserve: async (people, allowed) => {
      const args = BUDGET_NAMES.flatMap((name) => {
        const ids = [...new Set(people[name])];
        return [Math.max(0, Math.floor(allowed[name] ?? 0)), ids.length, ...ids];
      });
      return (await redis.run(RESERVE, keys, [windowMs, ...args])) === 1 ? 'reserved' : 'over budget';
    },
  };
}

const forgedBudget = (name: BudgetName, key: string, values: number): Warning => ({
  code: 'BUDGET_FORGED',
  message:
    `the budget of ${name} in Redis holds ${count(values, 'value')} that no run wrote (in the future, or not ids); ` +
    `they do not count; delete them with redis-cli DEL '${key}', and check who can write to this Redis`,
});

function idsIn(answer: unknown): ReadonlySet<number> {
  const ids = listOf(answer).map((id) => parseGitHubId(Number(textOf(id))));
  return new Set(ids.filter((id) => id !== undefined));
}

const LISTING_WINDOW_MS = 5 * 60_000;

/**
 * ARGV: window in milliseconds, 'bounded' or 'unbounded', then names of organizations. If they may be listed now,
 * counts that and returns 0; otherwise returns the milliseconds until they may. A time in the future was not written by
 * a run, so it is ignored.
 */
const TAKE = `${EVEN_WHEN_FULL}${CLOCK}${HEAL}
heal(KEYS[1], 'hash')
local now, window, left = clock(), tonumber(ARGV[1]), 0
for i = 3, #ARGV do
  local value = redis.call('HGET', KEYS[1], ARGV[i]) or ''
  local at = tonumber(string.match(string.sub(value, 1, 20), '^%d+$'))
  if at and at <= now then left = math.max(left, at + window - now) end
end
if left > 0 and ARGV[2] == 'bounded' then return left end
for i = 3, #ARGV do redis.call('HSET', KEYS[1], ARGV[i], whole(now)) end
redis.call('PEXPIRE', KEYS[1], window)
return 0
`;

/** Limits how often hints cause listings, across all drains on this queue. */
export function openListingBudget(
  redis: RedisConnection,
  prefix: string,
  windowMs: number = LISTING_WINDOW_MS,
): ListingBudget {
  const { listings } = keysOf(prefix);
  return {
    take: async (orgs, bound) =>
      numberOf(await redis.run(TAKE, [listings], [windowMs, bound, ...orgs.map((org) => org.toLowerCase())])),
  };
}
