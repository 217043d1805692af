import { LOOK_AGAIN_MS } from '../model/webhooks/queue.ts';
import { FIELDS, LONGEST_FIELD } from './entry.ts';

/** The consumer that holds what was given back, and the one that holds what is due later: nobody's, each of them. */
const FREE = 'free';
const FAILED = 'failed';
/** Real consumers begin with this, so that none can be mistaken for those two. */
export const CONSUMER = 'drain-';

/**
 * Begins the scripts that a drain needs. Redis at `maxmemory` refuses commands that could take memory, but not after a
 * script has written: without this a full Redis could not be drained. Nothing is ever kept under that name.
 */
export const EVEN_WHEN_FULL = "redis.call('DEL', KEYS[1] .. ':room')\n";

/** A time further in the future is none that Redis gave: clocks of a failover differ by less. */
export const FUTURE_MS = 60 * 60_000;

/** The longest wait after a failed attempt. */
export const LONGEST_BACKOFF_MS = 15 * 60_000;

/** Redis' own clock, in milliseconds, so that machines with different clocks share one. Every script reads it here. */
export const CLOCK = `
local function clock()
  local time = redis.call('TIME')
  return tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)
end
local function whole(number) return string.format('%.0f', number) end
`;

/**
 * Deletes a key of another type than ours: only for keys whose loss costs nothing but a lookup, since a drain must not
 * stop at one that somebody else wrote.
 */
export const HEAL = `
local function heal(key, kind)
  local found = redis.call('TYPE', key).ok
  if found ~= kind and found ~= 'none' then redis.call('DEL', key) end
end
`;

/**
 * Every script of the queue begins with this. An entry that a drain has taken is pending in the consumer group
 * under that drain's name; `release` and `fail` hand it to `free` and `failed`, so that another may take it at once.
 * What is read is bounded here, in Redis: whoever reaches it may have written an entry of any size.
 *
 * KEYS: stream, attempts, due, dead, lookups.
 */
export const COMMON = `${CLOCK}${HEAL}
local stream, attempts, due, dead, lookups = KEYS[1], KEYS[2], KEYS[3], KEYS[4], KEYS[5]
local GROUP, FREE, FAILED = 'drain', '${FREE}', '${FAILED}'
local FIELDS = { ${FIELDS.map((name) => `'${name}'`).join(', ')} }
local LONGEST, MOST_PAIRS, LONGEST_RECORD = ${LONGEST_FIELD + 1}, 32, 500
local LONGEST_LOOK_AGAIN = ${Math.max(...LOOK_AGAIN_MS)}
local LONGEST_WAIT = ${Math.max(LONGEST_BACKOFF_MS, ...LOOK_AGAIN_MS)}
heal(attempts, 'hash')
heal(lookups, 'hash')
heal(due, 'zset')

local function named(pairs)
  local found = {}
  for i = 1, #pairs, 2 do found[pairs[i]] = pairs[i + 1] end
  return found
end

-- The values of FIELDS, '' for an absent one; nil where the stream holds no such entry.
local function read(id)
  local message = redis.pcall('XRANGE', stream, id, id)
  if message.err or not message[1] then return nil end
  local pairs, found, values = message[1][2], {}, {}
  for i = 1, math.min(#pairs, 2 * MOST_PAIRS), 2 do found[pairs[i]] = string.sub(pairs[i + 1], 1, LONGEST) end
  for i, name in ipairs(FIELDS) do values[i] = found[name] or '' end
  return values
end

local function recordOf(id)
  local record = redis.call('HGET', attempts, id)
  return record and string.sub(record, 1, LONGEST_RECORD) or ''
end

-- How many counted lookups contradicted an entry, and when the next one is due: nil where none did, or where no script
-- of ours wrote it. Nothing waits longer than the longest wait.
local function contradictionOf(id, now)
  local record = redis.call('HGET', lookups, id)
  local count, at = string.match(string.sub(record or '', 1, LONGEST), '^([1-9]%d?) (%d+)$')
  count, at = tonumber(count), tonumber(at)
  if not count or at > now + LONGEST_LOOK_AGAIN then return nil, nil end
  return count, at
end

-- The number of the lookup that would come now. One that comes too early repeats the one before.
local function nextLookup(id, now)
  local count, at = contradictionOf(id, now)
  if not count then return 1 end
  return now >= at and count + 1 or count
end

-- Who has taken it; nil where nobody has.
local function ownerOf(id)
  local pending = redis.pcall('XPENDING', stream, GROUP, id, id, 1)
  if pending.err or not pending[1] then return nil end
  return pending[1][2]
end

local function hand(id, consumer) redis.call('XCLAIM', stream, GROUP, consumer, 0, id, 'JUSTID') end

-- Takes an entry off the stream, with all that is known of it. How many there were: 1 or 0.
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

-- Redis continues after the highest id that there ever was. One from the future, which somebody else wrote, would hide
-- how old the entries are, and the highest of all leaves no id for any other. Then the stream is written anew: the
-- entries stay, those from the future with an id of now. Takes the highest id; returns whether the stream was written
-- anew.
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
    if #pairs <= 2 * MOST_PAIRS then
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

-- The highest id that there ever was. Asked only in doubt: the answer holds an entry, of whatever size.
local function lastGenerated() return named(redis.call('XINFO', 'STREAM', stream))['last-generated-id'] end

-- The id up to which entries were handed out. A Redis that came back empty, or a new one, gets its group here.
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
