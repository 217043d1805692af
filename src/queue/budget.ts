import { type GitHubId, parseGitHubId } from '../model/identity.ts';
import { forEachLimit, LIMIT_NAMES, type LimitName } from '../model/limits.ts';
import { count } from '../model/text/text.ts';
import type { Budget, Tampering } from '../model/webhooks/queue.ts';
import { keysOf } from './keys.ts';
import { CLOCK, EVEN_WHEN_FULL, FUTURE_MS } from './lua-common.ts';
import type { RedisConnection } from './redis.ts';
import { listOf, numberOf, textOf } from './store.ts';

export const WINDOW_MS = 24 * 60 * 60_000;

/** What `parseGitHubId` takes. */
export const IS_ID = `
local function isId(text)
  return string.match(text, '^[1-9]%d*$') ~= nil
    and (#text < 16 or (#text == 16 and text <= '${Number.MAX_SAFE_INTEGER}'))
end
`;

/**
 * What counts: ids of GitHub's, reserved within the window by Redis' own clock. Whoever reaches Redis could else stop
 * every removal with a word that is no id, or with a time in the future that never ends.
 */
const COUNTING = `${CLOCK}${IS_ID}
local now = clock()
local oldest, latest = '(' .. whole(now - tonumber(ARGV[1])), whole(now + ${FUTURE_MS})
`;

/**
 * KEYS: a sorted set for each limit. ARGV: window in milliseconds. Returns, for each set, the ids and how many values
 * are forged.
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

type BudgetOptions = {
  /** 24 hours, unless a test can't wait so long. */
  readonly windowMs?: number | undefined;
  /** Told of values that do not count. */
  readonly onTampering?: ((found: Tampering) => void) | undefined;
};

/** The rolling budget of all runs on this queue. */
export function openBudget(
  redis: RedisConnection,
  prefix: string,
  { windowMs = WINDOW_MS, onTampering }: BudgetOptions = {},
): Budget {
  const all = keysOf(prefix);
  // A set for each limit, so that a run of an earlier version reads its part.
  const keys = LIMIT_NAMES.map((name) => all[name]);
  return {
    spent: async () => {
      const [spent, forged] = listOf(await redis.run(SPENT, keys, [windowMs])).map(listOf);
      return forEachLimit((name) => {
        const at = LIMIT_NAMES.indexOf(name);
        const values = numberOf(forged?.[at]);
        if (values > 0) onTampering?.(forgedBudget(name, all[name], values));
        return idsIn(spent?.[at]);
      });
    },
    reserve: async (people, allowed) => {
      const args = LIMIT_NAMES.flatMap((name) => {
        const ids = [...new Set(people[name])];
        return [Math.max(0, Math.floor(allowed[name])), ids.length, ...ids];
      });
      return (await redis.run(RESERVE, keys, [windowMs, ...args])) === 1 ? 'reserved' : 'over budget';
    },
  };
}

const forgedBudget = (name: LimitName, key: string, values: number): Tampering => ({
  code: 'BUDGET_FORGED',
  message:
    `the budget of ${name} in Redis holds ${count(values, 'value')} that no run wrote (in the future, or no ids); ` +
    `they do not count; delete them with redis-cli DEL '${key}', and check who can write to this Redis`,
});

function idsIn(answer: unknown): ReadonlySet<GitHubId> {
  const ids = listOf(answer).map((id) => parseGitHubId(Number(textOf(id))));
  return new Set(ids.filter((id) => id !== undefined));
}
