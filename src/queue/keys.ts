/**
 * The keys of one queue. The braces make a Redis Cluster keep all of them in one hash slot, so that a script may
 * touch several at once.
 */
export type QueueKeys = {
  /** Stream of entries, with the consumer group `drain`. */
  readonly stream: string;
  /** Hash: entry id to `ATTEMPTS DUE_MS REASON`. */
  readonly attempts: string;
  /** Sorted set: entry id, by when it may be tried again (milliseconds of Redis' clock). */
  readonly due: string;
  /** Hash: entry id to `LOOKUPS DUE_MS`, of entries that contradict what GitHub answers. */
  readonly lookups: string;
  /** Hash: entry id to a JSON array of attempts, reason, time of death and the fields of the entry. */
  readonly dead: string;
  readonly lock: string;
  readonly removals: string;
  readonly demotions: string;
  readonly moves: string;
  readonly lastRun: string;
  /** Hash: when the last full run ended, when an interval last began, the last intervals (milliseconds of Redis' clock). */
  readonly fullRuns: string;
  /** Hash: organization to when hints last made it be listed (milliseconds of Redis' clock). */
  readonly listings: string;
  /** Hash: `ORG_ID:SLUG` to the numeric id of the team. */
  readonly teams: string;
  readonly binding: string;
};

/** @param prefix of `redis.prefix`, which holds no braces. */
export function keysOf(prefix: string): QueueKeys {
  const key = (name: string): string => `{${prefix}}:${name}`;
  return {
    stream: key('stream'),
    attempts: key('attempts'),
    due: key('due'),
    lookups: key('lookups'),
    dead: key('dead'),
    lock: key('lock'),
    removals: key('budget:removals'),
    demotions: key('budget:demotions'),
    moves: key('budget:moves'),
    lastRun: key('last-run'),
    fullRuns: key('full-runs'),
    listings: key('listings'),
    teams: key('teams'),
    binding: key('binding'),
  };
}

/** What each key is, as Redis' `TYPE` says it. */
export const KEY_TYPES: Readonly<Record<keyof QueueKeys, string>> = {
  stream: 'stream',
  attempts: 'hash',
  due: 'zset',
  lookups: 'hash',
  dead: 'hash',
  lock: 'string',
  removals: 'zset',
  demotions: 'zset',
  moves: 'zset',
  lastRun: 'string',
  listings: 'hash',
  teams: 'hash',
  binding: 'hash',
  fullRuns: 'hash',
};

/** A key that holds something else than the queue keeps there. Both types are those of {@link KEY_TYPES}. */
export type WrongType = { readonly key: string; readonly found: string; readonly expected: string };

/** @param types by key, as Redis says them; `none` for a key that is not there. */
export function wrongTypes(types: ReadonlyMap<string, string>): readonly WrongType[] {
  const prefix = /^\{(.*)\}:/s.exec([...types.keys()][0] ?? '')?.[1] ?? '';
  const keys = keysOf(prefix);
  return (Object.keys(KEY_TYPES) as (keyof QueueKeys)[]).flatMap((name) => {
    const [key, expected] = [keys[name], KEY_TYPES[name]];
    const found = types.get(key) ?? 'none';
    return found === 'none' || found === expected ? [] : [{ key, found, expected }];
  });
}

/** The sentence about it, and what to do. The key of a config is shown as it is written in a shell. */
export function describeWrongType({ key, found, expected }: WrongType): {
  readonly message: string;
  readonly repair: string;
} {
  return {
    message: `the key ${key} holds a ${KIND[found] ?? found} where the queue keeps a ${KIND[expected] ?? expected}`,
    repair:
      `if no other program uses this prefix, delete the key: redis-cli DEL '${key}'; ` +
      'else choose another redis.prefix in the config file',
  };
}

const KIND: Readonly<Record<string, string>> = { zset: 'sorted set' };
