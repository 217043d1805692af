// A separate process that holds the lock, to be killed or paused: REDIS_URL, PREFIX, LAPSE_MS.
import { createInterface } from 'node:readline';
import { SyncError } from '../../src/model/errors.ts';
import { openLock } from '../../src/queue/lock.ts';
import { openRedis } from '../../src/queue/redis.ts';

const { REDIS_URL = '', PREFIX = '', LAPSE_MS = '' } = process.env;
const redis = await openRedis({ url: REDIS_URL });
const lock = openLock(redis, PREFIX, { command: 'drain', lapseMs: Number(LAPSE_MS) });
const lease = await lock.acquire(0, new AbortController().signal);
process.stdout.write('held\n');
for await (const _ of createInterface({ input: process.stdin })) {
  const answer = await lease.assertHeld().then(
    () => 'proven',
    (error: unknown) => (error instanceof SyncError ? error.code : String(error)),
  );
  process.stdout.write(`${answer}\n`);
}
redis.close();
