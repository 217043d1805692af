import { type AskRedis, parseInfo } from './redis.ts';

const CONNECT_TIMEOUT_MS = 5_000;

/** One connection, which repairs nothing: what is wrong is reported. */
export const askRedis: AskRedis = async (url, signal) => {
  // Bundled, a CommonJS package that is imported late has nothing but its default.
  const { default: Redis } = await import('ioredis');
  const redis = new Redis(url, {
    lazyConnect: true,
    connectTimeout: CONNECT_TIMEOUT_MS,
    commandTimeout: CONNECT_TIMEOUT_MS,
    retryStrategy: () => null,
    maxRetriesPerRequest: 0,
    // Its own check asks INFO, and waits while Redis loads its data.
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
    // Whoever may not ask for INFO may use the queue all the same.
    const info = await redis.info().catch(() => '');
    return parseInfo(info);
  } catch (error) {
    // "Connection is closed." says less than what closed it.
    throw lastError ?? error;
  } finally {
    signal.removeEventListener('abort', end);
    redis.disconnect();
  }
};
