import { type Finding, findingsIn } from '../model/finding.ts';
import { printable } from '../model/text/text.ts';
import { parseRedisAddress, REDIS_ADDRESS_FORMS, shownRedisHosts } from '../model/webhooks/redis-address.ts';

const { ok, skipped, warning, failed } = findingsIn('redis');
const CONNECTION = 'redis.connection';

/** What Redis reports about itself. */
type RedisFacts = {
  readonly version: string | undefined;
  readonly evictionPolicy: string | undefined;
};

/** Streams with consumer groups that take over from dead consumers (XAUTOCLAIM). */
const OLDEST = [6, 2] as const;

/** @param url of REDIS_URL; blank counts as unset. It may hold a password and is never shown. */
export async function examineRedis(
  url: string | undefined,
  signal: AbortSignal,
  ask: typeof askRedis = askRedis,
): Promise<readonly Finding[]> {
  const address = url?.trim() ?? '';
  if (address === '') {
    return [skipped(CONNECTION, 'not configured (REDIS_URL), needed by receive, drain and queue only')];
  }
  const parsed = parseRedisAddress(address);
  if (parsed === undefined)
    return [failed(CONNECTION, 'REDIS_URL is not a Redis address', `use ${REDIS_ADDRESS_FORMS}`)];
  const host = shownRedisHosts(parsed);
  if (parsed.kind !== 'server') return [notExamined(host, KINDS[parsed.kind])];
  try {
    const facts = await ask(address, signal);
    return [
      ok(CONNECTION, `Redis at ${host} answers`),
      judgeVersion(facts.version),
      judgeEviction(facts.evictionPolicy),
      judgeTransport(new URL(address)),
    ];
  } catch (error) {
    signal.throwIfAborted();
    // A bug is not a failure of Redis.
    if (error instanceof TypeError) throw error;
    return [unreachable(host, error), judgeTransport(new URL(address))];
  }
}

const KINDS = { cluster: 'a Cluster', sentinel: 'Sentinels' } as const;

/** The servers behind a Cluster or Sentinels are not examined. The queue itself shows whether it can use them. */
const notExamined = (host: string, what: string): Finding =>
  ok(
    CONNECTION,
    `REDIS_URL names ${what} at ${host}, whose servers are not examined here; gh-permit-sync queue status asks them`,
  );

function unreachable(host: string, error: unknown): Finding {
  const words = printable(error instanceof Error ? error.message : String(error)).slice(0, 200);
  if (/NOAUTH|WRONGPASS|invalid password|NOPERM/i.test(words)) {
    const message = `Redis at ${host} refuses the password or the user of REDIS_URL (${words})`;
    return failed(CONNECTION, message, 'correct REDIS_URL');
  }
  const hint = 'check REDIS_URL and that Redis runs; receive, drain and queue need it';
  return failed(CONNECTION, `Redis at ${host} can't be reached (${words})`, hint);
}

export function judgeVersion(version: string | undefined): Finding {
  const [, major = '', minor = ''] = /^(\d+)\.(\d+)/.exec(version ?? '') ?? [];
  const id = 'redis.version';
  if (version === undefined || major === '') {
    const hint = 'check that it is 6.2 or later, and that the user of REDIS_URL may call INFO';
    return warning(id, 'Redis does not report its version', hint);
  }
  const isOld = Number(major) < OLDEST[0] || (Number(major) === OLDEST[0] && Number(minor) < OLDEST[1]);
  const message = `Redis has version ${printable(version)}`;
  return isOld
    ? failed(id, `${message}, and the queue needs 6.2 or later`, 'upgrade Redis')
    : ok(id, message);
}

export function judgeEviction(policy: string | undefined): Finding {
  const id = 'redis.eviction';
  if (policy === 'noeviction') return ok(id, 'Redis drops nothing when its memory is full (noeviction)');
  const message =
    policy === undefined
      ? 'Redis does not report its eviction policy'
      : `Redis may drop queue entries when its memory is full (maxmemory-policy ${printable(policy)})`;
  const hint = 'set maxmemory-policy to noeviction: a dropped queue entry is a lost delivery';
  return warning(id, message, hint);
}

export function judgeTransport({ protocol, hostname }: Pick<URL, 'protocol' | 'hostname'>): Finding {
  const id = 'redis.tls';
  if (protocol === 'rediss:') return ok(id, 'the connection to Redis is encrypted');
  const isHere = hostname === 'localhost' || hostname === '[::1]' || /^127(?:\.\d+){3}$/.test(hostname);
  if (isHere) return ok(id, 'the connection to Redis does not leave this machine');
  const hint = 'use rediss:// unless the network in between is yours';
  return warning(id, 'the connection to Redis is not encrypted', hint);
}

/** `INFO`: lines of `name:value` under headings that begin with `#`. */
export function parseInfo(text: string): RedisFacts {
  const fields = new Map(
    text.split(/\r?\n/).flatMap((line) => {
      const colon = line.indexOf(':');
      return colon > 0 ? [[line.slice(0, colon), line.slice(colon + 1)] as const] : [];
    }),
  );
  return { version: fields.get('redis_version'), evictionPolicy: fields.get('maxmemory_policy') };
}

const CONNECT_TIMEOUT_MS = 5_000;

/**
 * Opens one connection without retries, sends PING and INFO, and closes it.
 * @throws any error of the connection.
 */
async function askRedis(url: string, signal: AbortSignal): Promise<RedisFacts> {
  // In the bundle, a CommonJS package that is imported dynamically has only its default export.
  const { default: Redis } = await import('ioredis');
  const redis = new Redis(url, {
    lazyConnect: true,
    connectTimeout: CONNECT_TIMEOUT_MS,
    commandTimeout: CONNECT_TIMEOUT_MS,
    retryStrategy: () => null,
    maxRetriesPerRequest: 0,
    // Its own check runs INFO, and waits while Redis loads its data.
    enableReadyCheck: false,
    disableClientInfo: true,
  });
  let lastError: Error | undefined;
  // Without a listener ioredis writes to the console.
  redis.on('error', (error: Error) => {
    lastError = error;
  });
  const end = (): void => redis.disconnect();
  signal.addEventListener('abort', end, { once: true });
  try {
    await redis.connect();
    await redis.ping();
    // A user who may not run INFO can still use the queue.
    const info = await redis.info().catch(() => '');
    return parseInfo(info);
  } catch (error) {
    // "Connection is closed." is less useful than the reason.
    throw lastError ?? error;
  } finally {
    signal.removeEventListener('abort', end);
    redis.disconnect();
  }
}
