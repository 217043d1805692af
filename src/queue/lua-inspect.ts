import { IS_ID, WINDOW_MS } from './budget.ts';
import { CLOCK, FUTURE_MS, HELD_TOO_LONG_MS, MAX_BACKOFF_MS, RELEASED_TO } from './lua-common.ts';

/**
 * KEYS: all keys of the queue, in the order of KEY_NAMES. Changes nothing. Returns their types, the time, and facts:
 * of the stream (entries, dead letters, oldest id, last id if it is from the future, hidden entries, entries that are
 * old and that drains hold), of the lock
 * (value, time to live), of each budget (who counts, what no run wrote), and how many due times, listings and team
 * ids no run wrote; the last run.
 */
export const INSPECT = `${CLOCK}${IS_ID}
local types, is = {}, {}
for i, key in ipairs(KEYS) do types[i] = redis.call('TYPE', key).ok end
local stream, due, dead, lock, lastRun, listings, teams =
  KEYS[1], KEYS[3], KEYS[5], KEYS[6], KEYS[10], KEYS[11], KEYS[12]
local now = clock()
local function ask(...)
  local answer = redis.pcall(...)
  if type(answer) == 'table' and answer.err then return nil end
  return answer
end
local function named(pairs)
  local found = {}
  for i = 1, #(pairs or {}), 2 do found[pairs[i]] = pairs[i + 1] end
  return found
end
local function numbers(id)
  local ms, seq = string.match(id or '', '^(%d+)-(%d+)$')
  return tonumber(ms) or 0, tonumber(seq) or 0
end

local length, last = ask('XLEN', stream) or 0, named(ask('XINFO', 'STREAM', stream))['last-generated-id'] or ''
local oldest = ask('XRANGE', stream, '-', '+', 'COUNT', 1)
local hidden = 0
for _, group in ipairs(ask('XINFO', 'GROUPS', stream) or {}) do
  local info = named(group)
  if info.name == 'drain' then
    local fresh = ask('XRANGE', stream, '(' .. info['last-delivered-id'], '+', 'COUNT', 1)
    if not fresh or #fresh == 0 then hidden = math.max(0, length - info.pending) end
  end
end

local held, old = 0, whole(now - ${HELD_TOO_LONG_MS})
for _, consumer in ipairs(ask('XINFO', 'CONSUMERS', stream, 'drain') or {}) do
  local info = named(consumer)
  if info.pending > 0 and not (${RELEASED_TO.map((name) => `info.name == '${name}'`).join(' or ')}) then
    held = held + #(ask('XPENDING', stream, 'drain', '-', old, 1000, info.name) or {})
  end
end

local budgets = {}
for _, i in ipairs({ 7, 8, 9, #KEYS - 1, #KEYS }) do
  local counted, forged = 0, 0
  local oldestTime = now - ${WINDOW_MS}
  local pairs = ask('ZRANGEBYSCORE', KEYS[i], '(' .. whole(oldestTime), '+inf', 'WITHSCORES') or {}
  for at = 1, #pairs, 2 do
    if isId(pairs[at]) and tonumber(pairs[at + 1]) <= now + ${FUTURE_MS} then counted = counted + 1
    else forged = forged + 1 end
  end
  budgets[#budgets + 1] = { counted, forged }
end

local oddListings, oddTeams = 0, 0
for _, value in ipairs(ask('HVALS', listings) or {}) do
  local at = #value <= 20 and tonumber(string.match(value, '^%d+$'))
  if not at or at > now then oddListings = oddListings + 1 end
end
for _, value in ipairs(ask('HVALS', teams) or {}) do
  if not isId(value) then oddTeams = oddTeams + 1 end
end

return {
  types, whole(now),
  { length, ask('HLEN', dead) or 0, oldest and oldest[1] and oldest[1][1] or '',
    numbers(last) > now + ${FUTURE_MS} and last or '', hidden, held },
  { ask('GETRANGE', lock, 0, 600) or '', ask('PTTL', lock) or -2 },
  budgets,
  ask('ZCOUNT', due, '(' .. whole(now + ${MAX_BACKOFF_MS}), '+inf') or 0,
  oddListings, oddTeams,
  ask('GETRANGE', lastRun, 0, 1000000) or ''
}
`;
