import { durationOf } from '../config/choose.ts';
import { loadSettings } from '../config/load.ts';
import { requireRedisUrl } from '../config/queue-settings.ts';
import type { Environment, Flags } from '../config/settings.ts';
import type { DrainSettings } from './drain-session.ts';

const SETTLE_MS = 2_000;
const RETRY_INTERVAL_MS = 5 * 60_000;

type DrainFlags = Flags & {
  readonly settle?: string | undefined;
  readonly retryInterval?: string | undefined;
};

/**
 * The settings of whatever drains: those of a run, and Redis.
 * @throws SyncError as `loadSettings` does; `CONFIG_INVALID` without REDIS_URL.
 */
export function loadDrainSettings(
  flags: DrainFlags,
  env: Environment,
): DrainSettings & { readonly redisUrl: string } {
  const settleMs = durationOf('--settle', flags.settle, 0) ?? SETTLE_MS;
  const retryIntervalMs = durationOf('--retry-interval', flags.retryInterval) ?? RETRY_INTERVAL_MS;
  const redisUrl = requireRedisUrl(env);
  const settings = loadSettings({ flags, env, cwd: process.cwd() });
  return { ...settings, settleMs, retryIntervalMs, redisUrl };
}
