import { COMMON, EVEN_WHEN_FULL } from './lua-common.ts';

/** ARGV: consumer, ids. */
export const KEEP = `${EVEN_WHEN_FULL}${COMMON}
for i = 2, #ARGV do
  if ownerOf(ARGV[i]) == ARGV[1] then hand(ARGV[i], ARGV[1]) end
end
`;

/** ARGV: ids of entries, whichever drain has taken them. */
export const SETTLE = `${COMMON}
local settled = 0
for _, id in ipairs(ARGV) do settled = settled + forget(id) end
return settled
`;

/** ARGV: consumer, ids. Entries that another drain has claimed since stay with that drain. */
export const RELEASE = `${EVEN_WHEN_FULL}${COMMON}
for i = 2, #ARGV do
  if ownerOf(ARGV[i]) == ARGV[1] then hand(ARGV[i], FREE) end
end
`;

/** ARGV: consumer, then for each entry its id and how long it waits, in milliseconds. */
export const PUT_OFF = `${EVEN_WHEN_FULL}${COMMON}
local now = clock()
for i = 2, #ARGV, 2 do
  local id = ARGV[i]
  if ownerOf(id) == ARGV[1] then
    redis.call('ZADD', due, whole(now + tonumber(ARGV[i + 1])), id)
    hand(id, FAILED)
  end
end
`;

/**
 * ARGV: consumer, first wait and longest wait in milliseconds, then for each failure its id, its reason and the
 * number of attempts after which it becomes a dead letter.
 */
export const FAIL = `${EVEN_WHEN_FULL}${COMMON}
local me, firstMs, longestMs = ARGV[1], tonumber(ARGV[2]), tonumber(ARGV[3])
local now = clock()
for i = 4, #ARGV, 3 do
  local id, reason, most = ARGV[i], ARGV[i + 1], tonumber(ARGV[i + 2])
  if ownerOf(id) == me then
    local tried = (tonumber(string.match(recordOf(id), '^(%d%d?%d?) ')) or 0) + 1
    local fields = read(id)
    if not fields then
      forget(id)
    elseif tried >= most then
      redis.call('HSET', dead, id, cjson.encode({ tostring(tried), reason, whole(now), unpack(fields) }))
      forget(id)
    else
      local at = whole(now + math.min(firstMs * 2 ^ (tried - 1), longestMs))
      redis.call('HSET', attempts, id, tried .. ' ' .. at .. ' ' .. reason)
      redis.call('ZADD', due, at, id)
      hand(id, FAILED)
    end
  end
end
`;

/**
 * ARGV: consumer, the waits in milliseconds with commas between, then for each entry its id and the number of the
 * lookup that contradicted it. A lookup that came too early repeats a number and does not delay the next one.
 */
export const LOOK_AGAIN = `${EVEN_WHEN_FULL}${COMMON}
local me, waits, now = ARGV[1], {}, clock()
for wait in string.gmatch(ARGV[2], '%d+') do waits[#waits + 1] = tonumber(wait) end
for i = 3, #ARGV, 2 do
  local id, lookup = ARGV[i], tonumber(ARGV[i + 1])
  local owner = ownerOf(id)
  if (owner == me or owner == nil or owner == FREE or owner == FAILED) and read(id) then
    local count, at = contradictionOf(id, now)
    if count ~= lookup then at = now + waits[math.min(lookup, #waits)] end
    redis.call('HSET', lookups, id, lookup .. ' ' .. whole(at))
    if owner then
      redis.call('ZADD', due, whole(at), id)
      hand(id, FAILED)
    end
  end
end
`;

/**
 * Returns the id of the last entry that has arrived, or '', and whether ids had to be repaired. An id from the future
 * would come after entries that arrive later.
 */
export const END = `${COMMON}
local info = redis.pcall('XINFO', 'STREAM', stream)
if info.err then
  if string.find(info.err, 'no such key') then return { '', 0 } end
  return redis.error_reply(info.err)
end
local last = named(info)['last-generated-id']
local isRepaired = repairIds(last)
if isRepaired then last = lastGenerated() end
return { last == '0-0' and '' or last, isRepaired and 1 or 0 }
`;

/** Returns milliseconds until an entry is due, or -1 if none waits. An entry that would wait too long is due. */
export const NEXT_DUE = `${COMMON}
local now = clock()
local beyond = redis.call('ZRANGEBYSCORE', due, '(' .. whole(now + MAX_WAIT_MS), '+inf', 'LIMIT', 0, 1)
if beyond[1] then return 0 end
local first = redis.call('ZRANGE', due, 0, 0, 'WITHSCORES')
if not first[2] then return -1 end
return math.max(0, math.ceil(tonumber(first[2]) - now))
`;

/** ARGV: consumer. Deletes it, unless it still holds entries. */
export const LEAVE = `${COMMON}
local consumers = redis.pcall('XINFO', 'CONSUMERS', stream, GROUP)
if consumers.err then return end
for _, consumer in ipairs(consumers) do
  local info = named(consumer)
  if info.name == ARGV[1] and info.pending == 0 then
    redis.call('XGROUP', 'DELCONSUMER', stream, GROUP, ARGV[1])
  end
end
`;
