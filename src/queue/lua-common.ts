import { LOOK_AGAIN_MS } from '../model/webhooks/queue.ts';
import { FIELDS, MAX_FIELD_LENGTH } from './entry.ts';

/** The consumers that hold released entries, and entries that are due later. Neither of them is a real drain. */
const FREE = 'free';
const FAILED = 'failed';
export const RELEASED_TO = [FREE, FAILED] as const;
/** Names of real drains begin with this, so that none can be mistaken for those two. */
export const CONSUMER = 'drain-';

/**
 * Begins the scripts that a drain needs. At `maxmemory` Redis refuses commands that could take memory, unless the
 * script has already written. Without this, a full Redis could not be drained. No key of that name ever exists.
 */
export const EVEN_WHEN_FULL = "redis.call('DEL', KEYS[1] .. ':room')\n";

/** A time further in the future did not come from Redis: clocks of a failover differ by less. */
export const FUTURE_MS = 60 * 60_000;

/** The age from which an entry is taken from a drain that holds it without processing it. */
export const HELD_TOO_LONG_MS = 15 * 60_000;

/** The longest wait after a failed attempt. */
export const MAX_BACKOFF_MS = 15 * 60_000;

/** Redis' own clock, in milliseconds, which all machines share. Every script reads it here. */
export const CLOCK = `
local function clock()
  local time = redis.call('TIME')
  return tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)
end
local function whole(number) return string.format('%.0f', number) end
`;

/**
 * Deletes a key that holds another type than ours, so that someone else's key never stops a drain. Only for keys whose
 * loss costs no more than a lookup.
 */
export const HEAL = `
local function heal(key, kind)
  local found = redis.call('TYPE', key).ok
  if found ~= kind and found ~= 'none' then redis.call('DEL', key) end
end
`;

/**
 * Begins every script of the queue. An entry that a drain has taken is pending in the consumer group under that drain's
 * name. `release` and `fail` hand it to `free` and `failed`, so that another drain may take it at once.
 * Reads are limited here, in Redis, since anyone who can write to it can write an entry of any size.
 *
 * KEYS: stream, attempts, due, dead, lookups.
 */
export const COMMON = `${CLOCK}${HEAL}
local stream, attempts, due, dead, lookups = KEYS[1], KEYS[2], KEYS[3], KEYS[4], KEYS[5]
local GROUP, FREE, FAILED = 'drain', '${FREE}', '${FAILED}'
local FIELDS = { ${FIELDS.map((name) => `'${name}'`).join(', ')} }
local MAX_VALUE_LENGTH, MAX_PAIRS, MAX_RECORD_LENGTH = ${MAX_FIELD_LENGTH + 1}, 32, 500
local MAX_LOOK_AGAIN_MS = ${Math.max(...LOOK_AGAIN_MS)}
local MAX_WAIT_MS = ${Math.max(MAX_BACKOFF_MS, ...LOOK_AGAIN_MS)}
heal(attempts, 'hash')
heal(lookups, 'hash')
heal(due, 'zset')

local function named(pairs)
  local found = {}
  for i = 1, #pairs, 2 do found[pairs[i]] = pairs[i + 1] end
  return found
end

-- The values of FIELDS, '' for an absent one; nil if the stream has no such entry.
local function read(id)
  local message = redis.pcall('XRANGE', stream, id, id)
  if message.err or not message[1] then return nil end
  local pairs, found, values = message[1][2], {}, {}
  for i = 1, math.min(#pairs, 2 * MAX_PAIRS), 2 do found[pairs[i]] = string.sub(pairs[i + 1], 1, MAX_VALUE_LENGTH) end
  for i, name in ipairs(FIELDS) do values[i] = found[name] or '' end
  return values
end

local function recordOf(id)
  local record = redis.call('HGET', attempts, id)
  return record and string.sub(record, 1, MAX_RECORD_LENGTH) or ''
end

-- How many counted lookups contradicted an entry, and when the next one is due. Both are nil if none did, or if the
-- record did not come from our scripts: nothing waits longer than the longest wait.
local function contradictionOf(id, now)
  local record = redis.call('HGET', lookups, id)
  local count, at = string.match(string.sub(record or '', 1, MAX_VALUE_LENGTH), '^([1-9]%d?) (%d+)$')
  count, at = tonumber(count), tonumber(at)
  if not count or at > now + MAX_LOOK_AGAIN_MS then return nil, nil end
  return count, at
end

-- The number of a lookup made now. A lookup that comes too early repeats the previous number.
local function nextLookup(id, now)
  local count, at = contradictionOf(id, now)
  if not count then return 1 end
  return now >= at and count + 1 or count
end

-- Who has taken the entry, or nil.
local function ownerOf(id)
  local pending = redis.pcall('XPENDING', stream, GROUP, id, id, 1)
  if pending.err or not pending[1] then return nil end
  return pending[1][2]
end

local function hand(id, consumer) redis.call('XCLAIM', stream, GROUP, consumer, 0, id, 'JUSTID') end

-- Removes an entry and everything kept about it. Returns how many there were: 1 or 0.
local function forget(id)
  redis.pcall('XACK', stream, GROUP, id)
  redis.call('HDEL', attempts, id)
  redis.call('HDEL', lookups, id)
  redis.call('ZREM', due, id)
  local gone = redis.pcall('XDEL', stream, id)
  return type(gone) == 'number' and gone or 0
end

local function split(id)
  local ms, seq = string.match(id, '^(%d+)-(%d+)$')
  return tonumber(ms) or 0, tonumber(seq) or 0
end
local function before(a, b)
  local aMs, aSeq = split(a)
  local bMs, bSeq = split(b)
  if aMs == bMs then return aSeq < bSeq end
  return aMs < bMs
end

-- Redis continues after the highest id that it ever gave. If someone else wrote an id from the future, it hides how old
-- entries are, and the highest possible id leaves none for later entries. Then the stream is rewritten: all entries
-- stay, and those from the future get an id of now. Takes the highest id; returns whether the stream was rewritten.
local function repairIds(highest)
  local now = clock()
  if split(highest) <= now + ${FUTURE_MS} then return false end
  local entries, from = {}, '-'
  repeat
    local page = redis.call('XRANGE', stream, from, '+', 'COUNT', 500)
    for _, message in ipairs(page) do
      entries[#entries + 1] = message
      from = '(' .. message[1]
    end
  until #page < 500
  redis.call('DEL', stream)
  for _, message in ipairs(entries) do
    local id, pairs = message[1], message[2]
    local isOurs = split(id) <= now
    if #pairs <= 2 * MAX_PAIRS then
      redis.call('XADD', stream, isOurs and id or '*', unpack(pairs))
    end
    if not isOurs then
      redis.call('HDEL', attempts, id)
      redis.call('HDEL', lookups, id)
      redis.call('ZREM', due, id)
    end
  end
  redis.call('XGROUP', 'CREATE', stream, GROUP, '0', 'MKSTREAM')
  return true
end

-- The highest id ever given. Read only when in doubt, since the answer holds an entry of any size.
local function lastGenerated() return named(redis.call('XINFO', 'STREAM', stream))['last-generated-id'] end

-- The id up to which entries were handed out. A new or emptied Redis gets its consumer group here.
local function lastDelivered()
  local groups = redis.pcall('XINFO', 'GROUPS', stream)
  if not groups.err then
    for _, group in ipairs(groups) do
      local info = named(group)
      if info.name == GROUP then return info['last-delivered-id'] end
    end
  end
  redis.call('XGROUP', 'CREATE', stream, GROUP, '0', 'MKSTREAM')
  return '0-0'
end
`;
