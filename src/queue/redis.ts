import { createHash } from 'node:crypto';
import type { Cluster, Redis as Server } from 'ioredis';
import { SyncError } from '../model/errors.ts';
import { within } from '../model/once.ts';
import { defined, getOrMake } from '../model/text/record.ts';
import {
  parseRedisAddress,
  REDIS_ADDRESS_FORMS,
  type RedisAddress,
  shownRedisHosts,
} from '../model/webhooks/redis-address.ts';
import { type WrongType, wrongTypes } from './keys.ts';
import { explainRedisError, isWrongType } from './redis-errors.ts';

/** A connection that recovers on its own: after an outage the next call works again. */
export type RedisConnection = {
  /** Hosts and ports, for messages. */
  readonly shown: string;
  /**
   * Runs a Lua script, which Redis does in one step.
   * @throws SyncError `QUEUE_UNAVAILABLE` or `CONFIG_INVALID`, see {@link explainRedisError}.
   */
  readonly run: (
    lua: string,
    keys: readonly string[],
    args?: readonly (string | number)[],
  ) => Promise<unknown>;
  readonly ping: () => Promise<void>;
  /**
   * Waits up to `ms`, which is less than the limit of a call, until a stream gets an entry. Other calls wait meanwhile.
   * @throws SyncError as `run` does.
   */
  readonly hasNewEntry: (stream: string, ms: number) => Promise<boolean>;
  /** Never throws. Pending calls fail. */
  readonly close: () => void;
};

const COMMAND_TIMEOUT_MS = 5_000;
const MAX_RECONNECT_DELAY_MS = 1_000;

/**
 * Connects when the first call is made.
 * @param url of REDIS_URL, see `model/webhooks/redis-address.ts`.
 * @param commandTimeoutMs limit of each call, connecting included.
 * @throws SyncError `CONFIG_INVALID` if the address has no known form.
 */
export async function openRedis({
  url,
  commandTimeoutMs = COMMAND_TIMEOUT_MS,
}: {
  readonly url: string;
  readonly commandTimeoutMs?: number;
}): Promise<RedisConnection> {
  const address = parseRedisAddress(url);
  if (address === undefined) {
    throw new SyncError('CONFIG_INVALID', 'REDIS_URL is not a Redis address', `use ${REDIS_ADDRESS_FORMS}`);
  }
  const client = await clientOf(address, commandTimeoutMs);
  const shown = shownRedisHosts(address);
  // Without a listener ioredis writes to the console. What broke the connection says more than the calls that failed.
  let broken: Error | undefined;
  const note = (error?: Error): void => {
    broken = error;
  };
  client.on('error', note).on('node error', note);
  client.on('ready', () => note());
  const call = async <T>(work: () => Promise<T>, keys: readonly string[] = []): Promise<T> => {
    try {
      return await bounded(work(), commandTimeoutMs + 500);
    } catch (error) {
      // A connection that silently swallows commands (a firewall forgot it) is closed. ioredis' own `socketTimeout`
      // would outlive the connection, and cut the next one.
      if (error instanceof Error && error.message === TIMED_OUT) client.disconnect(true);
      const isOdd = error instanceof Error && isWrongType(error.message);
      const odd = isOdd
        ? await bounded(findWrongType(client, keys), commandTimeoutMs).catch(nothing)
        : undefined;
      throw explainRedisError(error, broken, { shown, hasPassword: address.password !== undefined }, odd);
    }
  };
  return {
    shown,
    run: (lua, keys, args = []) => call(() => evaluate(client, lua, [...keys], [...args]), keys),
    ping: () => call(async () => void (await client.ping())),
    hasNewEntry: (stream, ms) =>
      call(async () => (await client.xread('BLOCK', ms, 'STREAMS', stream, '$')) !== null, [stream]),
    close: () => client.disconnect(),
  };
}

const nothing = (): undefined => undefined;

/** Which of these keys Redis means by WRONGTYPE. */
async function findWrongType(
  client: Server | Cluster,
  keys: readonly string[],
): Promise<WrongType | undefined> {
  const types = await Promise.all(keys.map(async (key) => [key, await client.type(key)] as const));
  return wrongTypes(new Map(types))[0];
}

/** Sends a script's text only once to each server. */
async function evaluate(
  client: Server | Cluster,
  lua: string,
  keys: string[],
  args: (string | number)[],
): Promise<unknown> {
  try {
    return await client.evalsha(digestOf(lua), keys.length, ...keys, ...args);
  } catch (error) {
    if (!(error instanceof Error && error.message.startsWith('NOSCRIPT'))) throw error;
    return client.eval(lua, keys.length, ...keys, ...args);
  }
}

const digests = new Map<string, string>();

/** Redis names a script by its SHA-1. */
const digestOf = (lua: string): string =>
  getOrMake(digests, lua, () => createHash('sha1').update(lua).digest('hex'));

async function clientOf(address: RedisAddress, commandTimeoutMs: number): Promise<Server | Cluster> {
  // Bundled, a CommonJS package that is imported late has nothing but its default.
  const { default: Redis } = await import('ioredis');
  const { username, password, tls } = address;
  const options = {
    ...defined({ username, password, tls: tls ? {} : undefined }),
    connectTimeout: commandTimeoutMs,
    commandTimeout: commandTimeoutMs,
    maxRetriesPerRequest: 1,
    // A connection that was never established would delay the end of the program by this much.
    disconnectTimeout: 100,
    retryStrategy: (times: number): number =>
      Math.min(100 * 2 ** Math.min(times - 1, 10), MAX_RECONNECT_DELAY_MS),
    // After a failover the former master only reads: another connection finds the new one.
    reconnectOnError: (error: Error): boolean => error.message.startsWith('READONLY'),
    // Its own check runs INFO, which not every user may run, and writes to the console.
    enableReadyCheck: false,
    disableClientInfo: true,
    lazyConnect: true,
  };
  switch (address.kind) {
    case 'server':
      return new Redis({ ...options, ...address.at, db: address.db });
    case 'sentinel':
      return new Redis({
        ...options,
        sentinels: address.sentinels.map(({ host, port }) => ({ host, port })),
        name: address.master,
        db: address.db,
        ...defined({ sentinelPassword: address.sentinelPassword }),
        ...(tls ? { enableTLSForSentinelMode: true, sentinelTLS: {} } : {}),
      });
    case 'cluster': {
      const nodes = address.nodes.map(({ host, port }) => ({ host, port }));
      return new Redis.Cluster(nodes, {
        redisOptions: options,
        lazyConnect: true,
        clusterRetryStrategy: (times) => Math.min(100 * times, MAX_RECONNECT_DELAY_MS),
        // A certificate names hosts, not the addresses behind them.
        ...(tls ? { dnsLookup: (host, found) => found(null, host) } : {}),
      });
    }
    default:
      return address satisfies never;
  }
}

/** As ioredis words it. */
const TIMED_OUT = 'Command timed out';

/** ioredis keeps commands for a Cluster or Sentinel that it can't reach forever. */
const bounded = <T>(work: Promise<T>, mostMs: number): Promise<T> =>
  within(mostMs, work, () => new Error(TIMED_OUT));
