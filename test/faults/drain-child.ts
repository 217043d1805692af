// A drain in its own process, with a short lock, to be paused: REDIS_URL, PREFIX, LAPSE_MS, GITHUB, PERMIT.
import { SyncError } from '../../src/model/errors.ts';
import { openRedis } from '../../src/queue/redis.ts';
import { drainOnce } from '../support/drain-stage.ts';

const { REDIS_URL = '', PREFIX: prefix = '', LAPSE_MS = '', GITHUB = '', PERMIT = '' } = process.env;
const redis = await openRedis({ url: REDIS_URL });
const place = { redis, prefix, githubUrl: GITHUB, permitUrl: PERMIT, lapseMs: Number(LAPSE_MS) };
const told = await drainOnce(place).then(
  ({ settled, failed, released, reconciled }) => ({
    settled,
    failed,
    released: released.length,
    outcomes: reconciled?.results.map(({ outcome }) => outcome.kind),
  }),
  (error: unknown) => ({ thrown: error instanceof SyncError ? error.code : String(error) }),
);
process.stdout.write(JSON.stringify(told));
redis.close();
