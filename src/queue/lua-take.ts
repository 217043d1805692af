import { COMMON, CONSUMER, EVEN_WHEN_FULL } from './lua-common.ts';

/** A consumer that holds no entries and was idle for this long is deleted: each drain that was killed leaves one. */
const FORGOTTEN_MS = 60 * 60_000;

/** Returns a row for an entry that was taken, see TAKE. */
const ROW = `
local function rowOf(id, fields) return { id, recordOf(id), nextLookup(id, clock()), unpack(fields) } end
`;

/**
 * ARGV: consumer, most (0 only counts), milliseconds. Takes entries that are older than this and that other drains hold,
 * whether these still renew their claims or not. Returns how many were found, which is more than `most` if others
 * remain, and rows like TAKE.
 */
export const TAKE_HELD = `${EVEN_WHEN_FULL}${COMMON}${ROW}
local me, most, found, rows = ARGV[1], tonumber(ARGV[2]), {}, {}
local latest = whole(clock() - tonumber(ARGV[3]))
local consumers = redis.pcall('XINFO', 'CONSUMERS', stream, GROUP)
if consumers.err then return { 0, '[]' } end
for _, consumer in ipairs(consumers) do
  local info = named(consumer)
  if info.pending > 0 and info.name ~= me and info.name ~= FREE and info.name ~= FAILED then
    for _, row in ipairs(redis.call('XPENDING', stream, GROUP, '-', latest, most + 1, info.name)) do
      found[#found + 1] = row[1]
    end
  end
end
table.sort(found, before)
for i = 1, math.min(most, #found) do
  local fields = read(found[i])
  if fields then
    hand(found[i], me)
    rows[#rows + 1] = rowOf(found[i], fields)
  else
    forget(found[i])
  end
end
return { #found, cjson.encode(rows) }
`;

/** The names of drains, as a pattern of Lua: `drain-`, then a UUID. */
const DRAIN_NAME = `^${CONSUMER.replace('-', '%-')}%x+%-%x+%-%x+%-%x+%-%x+$`;

/**
 * ARGV: consumer, most, up to ('+' for all), 'now' or 'when due', idle milliseconds after which a drain is dead.
 * Returns the number of ids whose entries were gone; rows of id, record, lookup and fields, the oldest first, as one
 * JSON text, which takes a fraction of the CPU that a value for each field takes; and whether ids, holders or the group's
 * cursor had to be repaired because someone else had changed them.
 */
export const TAKE = `${EVEN_WHEN_FULL}${COMMON}${ROW}
local me, most, upTo, retry, idle = ARGV[1], tonumber(ARGV[2]), ARGV[3], ARGV[4], ARGV[5]
local last, isRepaired = lastDelivered(), false
local found, seen, rows, gone = {}, {}, {}, 0

local function add(id)
  if not seen[id] then
    seen[id] = true
    found[#found + 1] = id
  end
end
local function give(id, fields) rows[#rows + 1] = rowOf(id, fields) end
local function isDrain(name) return string.find(name, '${DRAIN_NAME}') == 1 end
local function addPending(consumer) -- whatever its age
  for _, row in ipairs(redis.call('XPENDING', stream, GROUP, '-', upTo, most, consumer)) do add(row[1]) end
end
local function addAbandoned(consumer)
  for _, row in ipairs(redis.call('XPENDING', stream, GROUP, 'IDLE', idle, '-', upTo, most, consumer)) do
    add(row[1])
  end
end
-- Without this, failed entries without a due time would wait forever, and so would entries that someone else delayed.
local function repairDue(now)
  local from = '-'
  repeat
    local page = redis.call('XPENDING', stream, GROUP, from, '+', 500, FAILED)
    for _, row in ipairs(page) do
      if not redis.call('ZSCORE', due, row[1]) then redis.call('ZADD', due, now, row[1]) end
      from = '(' .. row[1]
    end
  until #page < 500
end
local function addDue(failed)
  local now, offset, page = whole(clock()), 0, nil
  local latest = '(' .. whole(clock() + MAX_WAIT_MS)
  repeat
    page = redis.call('ZRANGEBYSCORE', due, latest, '+inf', 'LIMIT', 0, 500)
    for _, id in ipairs(page) do
      if ownerOf(id) == FAILED then redis.call('ZADD', due, now, id) else redis.call('ZREM', due, id) end
      isRepaired = true
    end
  until #page < 500
  if redis.call('ZCARD', due) ~= failed then repairDue(now) end
  repeat
    page = redis.call('ZRANGEBYSCORE', due, '-inf', now, 'LIMIT', offset, 500)
    offset = offset + #page
    for _, id in ipairs(page) do
      if ownerOf(id) ~= FAILED then
        redis.call('ZREM', due, id)
        offset = offset - 1
      elseif upTo == '+' or not before(upTo, id) then
        add(id)
      end
    end
  until #page < 500 or #found >= most
end

local failed = 0
for _, consumer in ipairs(redis.call('XINFO', 'CONSUMERS', stream, GROUP)) do
  local info = named(consumer)
  if info.name == FAILED then failed = info.pending end
  if info.pending == 0 then
    if info.name ~= me and info.idle > ${FORGOTTEN_MS} then
      redis.call('XGROUP', 'DELCONSUMER', stream, GROUP, info.name)
    end
  elseif info.name == FAILED then
    if retry == 'now' then addPending(FAILED) else addDue(info.pending) end
  elseif info.name == FREE then
    addPending(FREE)
  elseif isDrain(info.name) then
    addAbandoned(info.name)
  else
    -- Not a drain. Otherwise its claims, repeated every few seconds, would hide the entries.
    addPending(info.name)
    isRepaired = true
  end
end

-- Without failed entries nothing is due: the stream was deleted, for example.
if failed == 0 then redis.call('DEL', due) end

table.sort(found, before)
for _, id in ipairs(found) do
  if #rows == most then break end
  local fields = read(id)
  if fields then
    hand(id, me)
    redis.call('ZREM', due, id)
    give(id, fields)
  else
    forget(id)
    gone = gone + 1
  end
end

if #rows < most then
  local fresh = redis.pcall('XRANGE', stream, '(' .. last, upTo, 'COUNT', most - #rows)
  if not fresh.err and #fresh > 0 then
    redis.call('XREADGROUP', 'GROUP', GROUP, me, 'COUNT', #fresh, 'STREAMS', stream, '>')
    for _, message in ipairs(fresh) do give(message[1], read(message[1])) end
  end
end
-- Every entry should be pending by now.
local summary = redis.call('XPENDING', stream, GROUP)
if summary[3] and repairIds(summary[3]) then return { 1, '[]', 1 } end
-- Others were passed over because someone else moved the group's cursor.
if #rows < most and upTo == '+' and redis.call('XLEN', stream) > summary[1] then
  local generated = lastGenerated()
  if before(generated, last) then redis.call('XGROUP', 'SETID', stream, GROUP, generated) end
  local from, page = '-', nil
  repeat
    page = redis.call('XRANGE', stream, from, '+', 'COUNT', 500)
    for _, message in ipairs(page) do
      local id = message[1]
      from = '(' .. id
      if #rows < most and not ownerOf(id) then
        redis.call('XCLAIM', stream, GROUP, me, 0, id, 'FORCE', 'JUSTID')
        give(id, read(id))
        isRepaired = true
      end
    end
  until #page < 500 or #rows == most
end
return { gone, cjson.encode(rows), isRepaired and 1 or 0 }
`;
