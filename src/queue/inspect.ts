import { SyncError } from '../model/errors.ts';
import { type Finding, findingsIn } from '../model/finding.ts';
import { BUDGET_NAMES, type BudgetName } from '../model/limits.ts';
import { count, printable } from '../model/text/text.ts';
import { type Binding, bind } from './binding.ts';
import { ageSeconds } from './entry.ts';
import { describeWrongType, KEY_NAMES, keysOf, type QueueKeys, wrongTypes } from './keys.ts';
import { describeHolder, MAX_LAPSE_MS } from './lock.ts';
import { INSPECT } from './lua-inspect.ts';
import { CHECK_MEMORY, type Memory, memoryOf } from './memory.ts';
import type { RedisConnection } from './redis.ts';
import { parseLastRun } from './run-memory.ts';
import { listOf, numberOf, textOf } from './store.ts';

const { ok, warning, failed } = findingsIn('redis');
const WRITERS = 'check who can write to this Redis';

/**
 * Finds out what Redis holds under the prefix, and what of it no run wrote. Only reads.
 * @throws SyncError `QUEUE_UNAVAILABLE`.
 */
export async function inspectQueue(
  redis: RedisConnection,
  prefix: string,
  binding: Binding,
): Promise<readonly Finding[]> {
  const keys = keysOf(prefix);
  const names = KEY_NAMES.map((name) => keys[name]);
  const [types, ...facts] = listOf(await redis.run(INSPECT, names));
  const kinds = new Map(names.map((key, i) => [key, textOf(listOf(types)[i])]));
  const memory = memoryOf(await redis.run(CHECK_MEMORY, [keys.stream]));
  const wrong = wrongTypes(kinds);
  return [
    ...wrong.map((one) => {
      const { message, repair } = describeWrongType(one);
      return failed('redis.types', printable(message), printable(repair));
    }),
    // A binding of a wrong type can't be read, and has a line already.
    ...(wrong.some(({ key }) => key === keys.binding) ? [] : await judgeBinding(redis, prefix, binding)),
    ...judgeFacts(facts, keys),
    ...(memory ? judgeMemory(memory) : []),
  ];
}

async function judgeBinding(
  redis: RedisConnection,
  prefix: string,
  binding: Binding,
): Promise<readonly Finding[]> {
  try {
    await bind(redis, prefix, binding, 'check');
    return [];
  } catch (error) {
    if (!(error instanceof SyncError) || error.code !== 'CONFIG_INVALID') throw error;
    return [failed('redis.binding', error.message, error.hint)];
  }
}

function judgeFacts(facts: readonly unknown[], keys: QueueKeys): readonly Finding[] {
  const [now, stream, lock, budgets, due, listings, teams, lastRun] = facts;
  const nowMs = numberOf(now);
  return [
    ...judgeStream(listOf(stream), nowMs),
    ...judgeLock(listOf(lock), keys),
    ...BUDGET_NAMES.flatMap((name, i) => judgeBudget(name, listOf(listOf(budgets)[i]), keys[name])),
    ...ignored('redis.due', numberOf(due), 'failed entries were put off beyond every wait', 'are retried'),
    ...ignored('redis.listings', numberOf(listings), 'times of listings', 'are ignored'),
    ...warningIf(
      numberOf(teams) > 0,
      'redis.teams',
      `${count(numberOf(teams), 'remembered team id')} in ${keys.teams} can't be read: the grants of these teams are frozen`,
      `name the teams by #ID, or run reconcile with --accept-team; ${WRITERS}`,
    ),
    ...judgeLastRun(textOf(lastRun), nowMs, keys),
  ];
}

function judgeStream(facts: readonly unknown[], nowMs: number): readonly Finding[] {
  const [pending, dead, oldest, futureId, hidden, held] = facts;
  const age = textOf(oldest) === '' ? '' : `, the oldest for ${ageSeconds(textOf(oldest), nowMs)} s`;
  const letters = numberOf(dead);
  const inQueue = `${count(numberOf(pending), 'entry', 'entries')} in the queue${age}; ${count(letters, 'dead letter')}`;
  return [
    letters > 0
      ? warning(
          'redis.queue',
          inQueue,
          'gh-permit-sync queue list --dead shows why; queue retry puts them back',
        )
      : ok('redis.queue', inQueue),
    ...warningIf(
      textOf(futureId) !== '',
      'redis.ids',
      `the stream's last id ${printable(textOf(futureId))} is from the future, so someone else wrote it`,
      `the next delivery, drain or queue status repairs it; ${WRITERS}`,
    ),
    ...warningIf(
      numberOf(hidden) > 0,
      'redis.cursor',
      `someone else moved the cursor of the group, which hides ${count(numberOf(hidden), 'entry', 'entries')}`,
      `the next drain repairs it and processes them; ${WRITERS}`,
    ),
    ...warningIf(
      numberOf(held) > 0,
      'redis.held',
      `${count(numberOf(held), 'entry', 'entries')} older than 15 minutes ${numberOf(held) === 1 ? 'is' : 'are'} held by a drain`,
      `the next drain that gets the lock processes what is still held then; if no drain is running, ${WRITERS}`,
    ),
  ];
}

function judgeLock([value, ttl]: readonly unknown[], { lock }: QueueKeys): readonly Finding[] {
  const text = textOf(value);
  if (text === '') return [];
  const leftMs = numberOf(ttl);
  const holder = describeHolder(text.slice(text.indexOf(' ') + 1));
  if (leftMs >= 0 && leftMs <= MAX_LAPSE_MS) {
    return [ok('redis.lock', `a run holds the lock: ${holder}`)];
  }
  const wrong = leftMs < 0 ? 'never expires' : 'expires much too late';
  return [
    warning(
      'redis.lock',
      `the lock ${lock} ${wrong}, so someone else wrote it: ${holder}`,
      `the next run takes it over within 30 s; or delete it: redis-cli DEL '${lock}'; ${WRITERS}`,
    ),
  ];
}

function judgeBudget(name: BudgetName, facts: readonly unknown[], key: string): readonly Finding[] {
  const [counted = 0, forged = 0] = facts.map(numberOf);
  const reset = `redis-cli DEL '${key}'`;
  const standing =
    `${count(counted, ...nounOf(name))} of the last 24 hours ${counted === 1 ? 'counts' : 'count'} against the limit of ${name}; ` +
    `if runs of yours did not do that, start again from zero: ${reset}`;
  return [
    ...(counted > 0 ? [ok(`redis.budget:${name}`, standing)] : []),
    ...warningIf(
      forged > 0,
      `redis.budget:${name}`,
      `${key} holds ${count(forged, 'value')} that no run wrote (in the future, or not ids); they do not count`,
      `delete them with the key: ${reset}; ${WRITERS}`,
    ),
  ];
}

/** What a limit counts. */
const nounOf = (name: BudgetName): readonly [one: string, many: string] =>
  name === 'repositories'
    ? ['repository', 'repositories']
    : name === 'links'
      ? ['link', 'links']
      : ['person', 'people'];

function judgeLastRun(text: string, nowMs: number, { lastRun }: QueueKeys): readonly Finding[] {
  const run = parseLastRun(text);
  const isSound = run !== undefined && Date.parse(run.at) <= nowMs + 60 * 60_000;
  return warningIf(
    text !== '' && !isSound,
    'redis.last-run',
    `what ${lastRun} says about the last full run ${run === undefined ? "can't be read" : 'is from the future'}`,
    `the next reconcile replaces it; ${WRITERS}`,
  );
}

function judgeMemory({ usedBytes, maxBytes, isNearlyFull }: Memory): readonly Finding[] {
  if (maxBytes === 0) return [];
  const share = `${Math.round((100 * usedBytes) / maxBytes)} % of maxmemory is used`;
  if (!isNearlyFull) return [ok('redis.memory', `Redis has memory left (${share})`)];
  return [
    failed(
      'redis.memory',
      `Redis is full or nearly full (${share}): deliveries are answered 503, while the queue can still be drained`,
      'raise maxmemory, or run gh-permit-sync drain; afterwards gh-permit-sync redeliver fetches what was missed',
    ),
  ];
}

const ignored = (id: string, forged: number, what: string, outcome: string): readonly Finding[] =>
  warningIf(
    forged > 0,
    id,
    `someone else wrote ${what} (${forged}): they ${outcome}`,
    `nothing has to be repaired; ${WRITERS}`,
  );

const warningIf = (holds: boolean, id: string, message: string, hint: string): readonly Finding[] =>
  holds ? [warning(id, message, hint)] : [];
