/** The keys of one queue: the name behind the prefix, and the type of the value as Redis' `TYPE` gives it. */
const KEYS = {
  /** Entries, with the consumer group `drain`. */
  stream: ['stream', 'stream'],
  /** Entry id to `ATTEMPTS DUE_MS REASON`. */
  attempts: ['attempts', 'hash'],
  /** Entry id, by when it may be tried again (milliseconds of Redis' clock). */
  due: ['due', 'zset'],
  /** Entry id to `LOOKUPS DUE_MS`, of entries that contradict what GitHub answers. */
  lookups: ['lookups', 'hash'],
  /** Entry id to a JSON array of attempts, reason, time of death and the fields of the entry. */
  dead: ['dead', 'hash'],
  lock: ['lock', 'string'],
  removals: ['budget:removals', 'zset'],
  demotions: ['budget:demotions', 'zset'],
  moves: ['budget:moves', 'zset'],
  lastRun: ['last-run', 'string'],
  /** Organization to the last time that hints caused a listing of it (milliseconds of Redis' clock). */
  listings: ['listings', 'hash'],
  /** `ORG_ID:SLUG` to the numeric id of the team. */
  teams: ['teams', 'hash'],
  /** Organization to the time up to which its audit log was read (milliseconds of GitHub's clock). */
  auditLog: ['audit-log', 'hash'],
  binding: ['binding', 'hash'],
  /** When the last full run ended, when an interval last began, the last intervals (milliseconds of Redis' clock). */
  fullRuns: ['full-runs', 'hash'],
  repositories: ['budget:repositories', 'zset'],
  links: ['budget:links', 'zset'],
} as const satisfies Readonly<Record<string, readonly [suffix: string, type: string]>>;

type KeyName = keyof typeof KEYS;
export type QueueKeys = { readonly [name in KeyName]: string };

/** All keys. The script of `lua-inspect.ts` gets them as its KEYS, and depends on their order. */
export const KEY_NAMES = Object.keys(KEYS) as readonly KeyName[];

/**
 * The braces make a Redis Cluster keep all keys in one hash slot, so that a script can touch several at once.
 * @param prefix of `redis.prefix`, which holds no braces.
 */
export const keysOf = (prefix: string): QueueKeys =>
  Object.fromEntries(KEY_NAMES.map((name) => [name, `{${prefix}}:${KEYS[name][0]}`])) as QueueKeys;

/** A key of the wrong type. `found` and `expected` are Redis' names of types. */
export type WrongType = { readonly key: string; readonly found: string; readonly expected: string };

/** @param types by key, as Redis says them; `none` for a key that is not there. */
export function wrongTypes(types: ReadonlyMap<string, string>): readonly WrongType[] {
  const prefix = /^\{(.*)\}:/s.exec([...types.keys()][0] ?? '')?.[1] ?? '';
  const keys = keysOf(prefix);
  return KEY_NAMES.flatMap((name) => {
    const [key, expected] = [keys[name], KEYS[name][1]];
    const found = types.get(key) ?? 'none';
    return found === 'none' || found === expected ? [] : [{ key, found, expected }];
  });
}

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
