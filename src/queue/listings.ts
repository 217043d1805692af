import type { ListingBudget } from '../model/webhooks/queue.ts';
import { keysOf } from './keys.ts';
import { CLOCK, EVEN_WHEN_FULL, HEAL } from './lua-common.ts';
import type { RedisConnection } from './redis.ts';
import { numberOf } from './store.ts';

const WINDOW_MS = 5 * 60_000;

/**
 * ARGV: window in milliseconds, 'bounded' or 'unbounded', then names of organizations. Returns 0 where they may be
 * listed now, and counts it; else the milliseconds until they may. A time in the future is none that a run of ours
 * wrote, and holds nobody up.
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

/** How often the hints of all drains on this queue make organizations be listed. @param windowMs 5 minutes. */
export function openListingBudget(
  redis: RedisConnection,
  prefix: string,
  windowMs: number = WINDOW_MS,
): ListingBudget {
  const { listings } = keysOf(prefix);
  return {
    take: async (orgs, bound) =>
      numberOf(await redis.run(TAKE, [listings], [windowMs, bound, ...orgs.map((org) => org.toLowerCase())])),
  };
}
