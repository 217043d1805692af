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
