import { HOW_TO_INSTALL, installRedis, redisBinary } from './redis-binary.ts';

/**
 * Runs once, before any test: the files of the tests run side by side, and must not all install at once. Where Redis
 * can't be had, the tests that need it fail with the same words; none is ever skipped.
 */
export default function requireRedis(): void {
  if (process.env.REDIS_URL?.trim() || redisBinary() !== undefined) return;
  process.stderr.write('The tests need redis-server, which is not there: installing it …\n');
  if (!installRedis()) process.stderr.write(`${HOW_TO_INSTALL}\n`);
}
