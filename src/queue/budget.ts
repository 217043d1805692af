import { type GitHubId, parseGitHubId } from '../model/identity.ts';
import type { Budget, Spending } from '../model/queue.ts';
import { keysOf } from './keys.ts';
import type { RedisConnection } from './redis.ts';
import { listOf, textOf } from './store.ts';

const WINDOW_MS = 24 * 60 * 60_000;

/** The time is Redis' own, so that machines with different clocks share one window. */
const COMMON = `
local time = redis.call('TIME')
local now = tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)
local oldest = '(' .. string.format('%.0f', now - tonumber(ARGV[1]))
`;

/** ARGV: window in milliseconds. Returns the ids of both sets. */
const SPENT = `${COMMON}
return {
  redis.call('ZRANGEBYSCORE', KEYS[1], oldest, '+inf'),
  redis.call('ZRANGEBYSCORE', KEYS[2], oldest, '+inf'),
}
`;

/** ARGV: window, allowed removals, allowed demotions, number of removals, their ids, the ids of the demotions. */
const RESERVE = `${COMMON}
local removals = tonumber(ARGV[4])
local people = { {}, {} }
for i = 5, #ARGV do
  local which = i < 5 + removals and 1 or 2
  table.insert(people[which], ARGV[i])
end
for which = 1, 2 do
  local new = 0
  redis.call('ZREMRANGEBYSCORE', KEYS[which], '-inf', string.sub(oldest, 2))
  for _, id in ipairs(people[which]) do
    if not redis.call('ZSCORE', KEYS[which], id) then new = new + 1 end
  end
  if new > 0 and redis.call('ZCARD', KEYS[which]) + new > tonumber(ARGV[1 + which]) then return 0 end
end
for which = 1, 2 do
  for _, id in ipairs(people[which]) do
    redis.call('ZADD', KEYS[which], string.format('%.0f', now), id)
  end
end
return 1
`;

/** The rolling budget of all runs on this queue. @param windowMs 24 hours, unless a test can't wait so long. */
export function openBudget(redis: RedisConnection, prefix: string, windowMs: number = WINDOW_MS): Budget {
  const { removals, demotions } = keysOf(prefix);
  const keys = [removals, demotions];
  return {
    spent: async () => {
      const [removed, demoted] = listOf(await redis.run(SPENT, keys, [windowMs]));
      return { removals: idsIn(removed), demotions: idsIn(demoted) };
    },
    reserve: async (people, allowed) => {
      const { removals: removed, demotions: demoted } = distinct(people);
      const limits = [allowed.removals, allowed.demotions].map((limit) => Math.max(0, Math.floor(limit)));
      const args = [windowMs, ...limits, removed.length, ...removed, ...demoted];
      return (await redis.run(RESERVE, keys, args)) === 1 ? 'reserved' : 'over budget';
    },
  };
}

const distinct = ({ removals, demotions }: Spending): Spending => ({
  removals: [...new Set(removals)],
  demotions: [...new Set(demotions)],
});

/** A stranger's entry is nobody we know; it still counts when people are reserved. */
function idsIn(answer: unknown): ReadonlySet<GitHubId> {
  const ids = listOf(answer).map((id) => parseGitHubId(Number(textOf(id))));
  return new Set(ids.filter((id) => id !== undefined));
}
