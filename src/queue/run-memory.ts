import { folded } from '../model/identity.ts';
import type { AuditCursor, TeamMemory } from '../model/webhooks/queue.ts';
import { keysOf } from './keys.ts';
import { EVEN_WHEN_FULL } from './lua-common.ts';
import type { RedisConnection } from './redis.ts';
import { listOf } from './store.ts';

/** An id of GitHub's is shorter; a value that somebody else wrote may be of any length. */
const READ = `
local kind = redis.call('TYPE', KEYS[1]).ok
local found = {}
for i, field in ipairs(ARGV) do
  if kind == 'none' then found[i] = ''
  elseif kind ~= 'hash' or redis.call('HSTRLEN', KEYS[1], field) > 20 then found[i] = '?'
  else found[i] = redis.call('HGET', KEYS[1], field) or '' end
end
return found
`;

/** A key of another type is nobody's of ours. */
const WRITE = `${EVEN_WHEN_FULL}
if redis.call('TYPE', KEYS[1]).ok ~= 'hash' then redis.call('DEL', KEYS[1]) end
redis.call('HSET', KEYS[1], unpack(ARGV))
`;

export function openTeamMemory(redis: RedisConnection, prefix: string): TeamMemory {
  const { teams } = keysOf(prefix);
  return {
    read: async (org, slugs) => {
      if (slugs.length === 0) return new Map();
      const values = listOf(
        await redis.run(
          READ,
          [teams],
          slugs.map((slug) => `${org}:${slug}`),
        ),
      );
      return new Map(
        slugs.flatMap((slug, index) => {
          const value = values[index];
          return value === '' ? [] : [[slug, parseTeamId(value)] as const];
        }),
      );
    },
    write: async (org, ids) => {
      if (ids.size === 0) return;
      await redis.run(
        WRITE,
        [teams],
        [...ids].flatMap(([slug, id]) => [`${org}:${slug}`, id]),
      );
    },
  };
}

function parseTeamId(value: unknown): number | 'damaged' {
  const id = typeof value === 'string' && /^[1-9]\d*$/.test(value) ? Number(value) : Number.NaN;
  return Number.isSafeInteger(id) ? id : 'damaged';
}

export function openAuditCursor(redis: RedisConnection, prefix: string): AuditCursor {
  const { auditLog } = keysOf(prefix);
  return {
    read: async (org) => {
      const [value] = listOf(await redis.run(READ, [auditLog], [folded(org)]));
      const ms = typeof value === 'string' && /^[1-9]\d{0,15}$/.test(value) ? Number(value) : undefined;
      return ms;
    },
    write: async (org, untilMs) => {
      await redis.run(WRITE, [auditLog], [folded(org), untilMs]);
    },
  };
}
