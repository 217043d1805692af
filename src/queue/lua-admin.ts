import { COMMON } from './lua-common.ts';

/**
 * Returns the number of entries and of dead letters, the id of the oldest entry or '', the time, and whether ids had to
 * be repaired, since an id from the future has no age.
 */
export const STATUS = `${COMMON}
local first = redis.call('XRANGE', stream, '-', '+', 'COUNT', 1)
local isRepaired = first[1] ~= nil and repairIds(first[1][1])
if isRepaired then first = redis.call('XRANGE', stream, '-', '+', 'COUNT', 1) end
local oldest = first[1] and first[1][1] or ''
return { redis.call('XLEN', stream), redis.call('HLEN', dead), oldest, whole(clock()), isRepaired and 1 or 0 }
`;

/** ARGV: from, to, most. Returns the time, and rows of id, state, record, lookup and fields. */
export const PAGE = `${COMMON}
local page = redis.call('XRANGE', stream, ARGV[1], ARGV[2], 'COUNT', ARGV[3])
local rows = {}
for i, message in ipairs(page) do
  local owner = ownerOf(message[1])
  local record = recordOf(message[1])
  local state = 'taken'
  if not owner or owner == FREE or (owner == FAILED and record == '') then state = 'waiting'
  elseif owner == FAILED then state = 'failed' end
  rows[i] = { message[1], state, record, nextLookup(message[1], clock()), unpack(read(message[1])) }
end
return { whole(clock()), rows }
`;

/** ARGV: cursor. Returns the time, the next cursor, and rows of id and dead letter. A letter may come twice. */
export const DEAD_PAGE = `${COMMON}
local answer = redis.call('HSCAN', dead, ARGV[1], 'COUNT', 500)
local rows, flat = {}, answer[2]
for i = 1, #flat, 2 do
  rows[#rows + 1] = { string.sub(flat[i], 1, 64), string.sub(flat[i + 1], 1, 4000) }
end
return { whole(clock()), answer[1], rows }
`;

/** ARGV: ids of dead letters. Returns how many went back to the stream. */
export const RETRY_DEAD = `${COMMON}
local retried = 0
for _, id in ipairs(ARGV) do
  local letter = redis.call('HGET', dead, id)
  local sound, parts = pcall(cjson.decode, letter or '')
  if letter and sound and type(parts) == 'table' then
    local fields = {}
    for i, name in ipairs(FIELDS) do
      local value = parts[i + 3]
      if type(value) == 'string' and value ~= '' then
        fields[#fields + 1] = name
        fields[#fields + 1] = string.sub(value, 1, MAX_VALUE_LENGTH)
      end
    end
    if #fields > 0 then
      redis.call('XADD', stream, '*', unpack(fields))
      redis.call('HDEL', dead, id)
      retried = retried + 1
    end
  end
end
return retried
`;

/** ARGV: ids of dead letters. Returns how many there were. */
export const SETTLE_DEAD = `${COMMON}
local settled = 0
for _, id in ipairs(ARGV) do settled = settled + redis.call('HDEL', dead, id) end
return settled
`;

/** ARGV: ids of dead letters or entries. Returns how many there were. */
export const DISCARD = `${COMMON}
local dropped = 0
for _, id in ipairs(ARGV) do
  if redis.call('HDEL', dead, id) == 1 then dropped = dropped + 1 else dropped = dropped + forget(id) end
end
return dropped
`;

/** Returns how many dead letters there were. */
export const DISCARD_DEAD = `${COMMON}
local dropped = redis.call('HLEN', dead)
redis.call('DEL', dead)
return dropped
`;
